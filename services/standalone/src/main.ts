// `npm start`: the one-process form, with data kept in DATA_DIR.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readEnvironment, run } from "@khui/service/process";
import { openTelemetry } from "@khui/service/telemetry";
import { Type } from "typebox";
import { startEmbedded } from "./app.js";
import { developmentTokenSeconds } from "./development.js";
import { services } from "./services.js";

const Environment = Type.Object({
  HOST: Type.String({ default: "localhost" }),
  DATA_DIR: Type.String({ default: "./.data" }),
  POSTGRES_URL: Type.Optional(Type.String()),
  DEVELOPMENT_SIGN_IN: Type.Optional(Type.Boolean()),
});

const level = process.env.LOG_LEVEL || "warn";
const telemetry = await openTelemetry({ service: "khui", level, environment: process.env });
await run(telemetry.log, async (closers) => {
  closers.add("traces", () => telemetry.close());
  const env = readEnvironment(Environment, process.env);
  const dataDir = resolve(env.DATA_DIR);
  await mkdir(dataDir, { recursive: true });
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL } = process.env;
  const ownKey = !JWT_SECRET && !JWT_PUBLIC_KEY && !JWT_JWKS_URL;
  const listensHere = ["localhost", "127.0.0.1", "::1"].includes(env.HOST);
  const developmentSignIn = env.DEVELOPMENT_SIGN_IN ?? (ownKey && listensHere);
  if (developmentSignIn && !ownKey && !JWT_SECRET) throw new Error("DEVELOPMENT_SIGN_IN needs a secret to sign with");
  const environment = {
    ...process.env,
    ...(ownKey ? { JWT_SECRET: await keptSecret(join(dataDir, "jwt-secret")) } : {}),
    MEDIA_URL_SECRET: await keptSecret(join(dataDir, "media-url-secret")),
  };
  const postgresUrl = env.POSTGRES_URL ? { postgresUrl: env.POSTGRES_URL } : {};
  const khui = await startEmbedded(services, { dataDir, ...postgresUrl, environment, telemetry, developmentSignIn });
  closers.add("khui", () => khui.close());
  const lines = [`Khui is serving on ${khui.url}`, `  data: ${dataDir}`];
  if (ownKey) {
    const sign = (sub: string, name: string) => khui.tokens.sign({ sub, name }, developmentTokenSeconds);
    lines.push(
      "  no JWT_SECRET is given, so this is for trying out: tokens for two people, good for a day",
      `  export KHUI_URL=${khui.url}`,
      `  export ALICE=${sign("alice", "Alice")}`,
      `  export BOB=${sign("bob", "Bob")}`,
    );
  }
  if (developmentSignIn) {
    const example = `-H 'content-type: application/json' -d '{"userId":"carol","name":"Carol"}'`;
    lines.push(`  more: curl -s ${khui.url}/dev/token ${example}`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
});

/** A random secret, created once and readable by this user only. */
async function keptSecret(file: string): Promise<string> {
  const secret = randomBytes(32).toString("base64url");
  try {
    await writeFile(file, secret, { mode: 0o600, flag: "wx" });
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return (await readFile(file, "utf8")).trim();
  }
}
