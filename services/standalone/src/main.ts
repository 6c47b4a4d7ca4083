// `npm start`: the one-process form, with data kept in DATA_DIR.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { mediaEnvironment, mediaLimits } from "@khui/media-service";
import { quotaEnvironment, roomQuotas } from "@khui/rooms-api";
import { defaultRules, keyEnvironment, keysFrom, limitEnvironment, linkEnvironment } from "@khui/service/http";
import { readEnvironment, run } from "@khui/service/process";
import { openTelemetry } from "@khui/service/telemetry";
import { Type } from "typebox";
import { startStandalone } from "./app.js";
import { developmentTokenSeconds } from "./development.js";

const Environment = Type.Object({
  ...keyEnvironment,
  ...limitEnvironment,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3101 }),
  HOST: Type.String({ default: "localhost" }),
  ...quotaEnvironment,
  ...mediaEnvironment,
  PUBLIC_URL: linkEnvironment.PUBLIC_URL,
  DATA_DIR: Type.String({ default: "./.data" }),
  POSTGRES_URL: Type.Optional(Type.String()),
  DEVELOPMENT_SIGN_IN: Type.Optional(Type.Boolean()),
  EXPOSE_METRICS: Type.Boolean({ default: false }),
});

const level = process.env.LOG_LEVEL || "warn";
const telemetry = await openTelemetry({ service: "khui", level, environment: process.env });
const { log } = telemetry;
await run(log, async (closers) => {
  const env = readEnvironment(Environment, process.env);
  closers.add("traces", () => telemetry.close());
  const dataDir = resolve(env.DATA_DIR);
  await mkdir(dataDir, { recursive: true });
  const ownKey = !env.JWT_SECRET && !env.JWT_PUBLIC_KEY && !env.JWT_JWKS_URL;
  const listensHere = ["localhost", "127.0.0.1", "::1"].includes(env.HOST);
  const developmentSignIn = env.DEVELOPMENT_SIGN_IN ?? (ownKey && listensHere);
  if (developmentSignIn && !ownKey && !env.JWT_SECRET)
    throw new Error("DEVELOPMENT_SIGN_IN needs a secret to sign with");
  const keys = ownKey ? { secret: await keptSecret(join(dataDir, "jwt-secret")) } : keysFrom(env);
  const app = await startStandalone({
    dataDir,
    ...(env.POSTGRES_URL ? { postgresUrl: env.POSTGRES_URL } : {}),
    keys,
    rules: defaultRules(env),
    roomQuotas: roomQuotas(env),
    mediaSecret: await keptSecret(join(dataDir, "media-url-secret")),
    publicUrl: env.PUBLIC_URL,
    mediaLimits: mediaLimits(env),
    port: env.PORT,
    host: env.HOST,
    log,
    telemetry,
    developmentSignIn,
    exposeMetrics: env.EXPOSE_METRICS,
  });
  closers.add("khui", () => app.close());
  const lines = [`Khui is serving on ${app.url}`, `  data: ${dataDir}`];
  if (ownKey) {
    const sign = (sub: string, name: string) => app.tokens.sign({ sub, name }, developmentTokenSeconds);
    lines.push(
      "  no JWT_SECRET is given, so this is for trying out: tokens for two people, good for a day",
      `  export ALICE=${sign("alice", "Alice")}`,
      `  export BOB=${sign("bob", "Bob")}`,
    );
  }
  if (developmentSignIn) {
    const example = `-H 'content-type: application/json' -d '{"userId":"carol","name":"Carol"}'`;
    lines.push(`  more: curl -s ${app.url}/dev/token ${example}`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
});

/** A random secret, made once and kept readable by this user only. */
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
