// `npm start`: the one-process form, with data kept in DATA_DIR.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defaultRules, keyEnvironment, keysFrom, limitEnvironment, linkEnvironment } from "@khui/http";
import { mediaEnvironment, mediaLimits } from "@khui/media-service";
import { quotaEnvironment, roomQuotas } from "@khui/rooms-api";
import { readEnvironment, run } from "@khui/runtime";
import { openTelemetry } from "@khui/telemetry";
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
  const keys = ownKey ? { secret: await keptSecret(join(dataDir, "jwt-secret")) } : keysFrom(env);
  const app = await startStandalone({
    dataDir,
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
    developmentSignIn: ownKey,
  });
  closers.add("khui", () => app.close());
  const lines = [`Khui is serving on ${app.url}`, `  data: ${dataDir}`];
  if (ownKey) {
    const sign = (sub: string, name: string) => app.tokens.sign({ sub, name }, developmentTokenSeconds);
    lines.push(
      "  no JWT_SECRET is given, so this is for trying out: tokens for two people, good for a day",
      `  export ALICE=${sign("alice", "Alice")}`,
      `  export BOB=${sign("bob", "Bob")}`,
      `  more: curl -s ${app.url}/dev/token -H 'content-type: application/json' -d '{"userId":"carol","name":"Carol"}'`,
    );
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
