// Environment, closers and logger.
import { PassThrough } from "node:stream";
import { test } from "tap";
import { Type } from "typebox";
import { createClosers, createLogger, EnvironmentError, readEnvironment } from "../../src/process/index.js";

const Schema = Type.Object({
  URL: Type.String(),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  VERBOSE: Type.Boolean({ default: false }),
  KEY: Type.Optional(Type.String({ minLength: 4 })),
});

test("settings are converted, and defaults filled in for what is absent or empty", (t) => {
  t.same(readEnvironment(Schema, { URL: "x", PORT: "", VERBOSE: "1", EXTRA: "y" }), {
    URL: "x",
    PORT: 3000,
    VERBOSE: true,
  });
  t.end();
});

test("all issues are reported at once", (t) => {
  try {
    readEnvironment(Schema, { PORT: "abc", VERBOSE: "maybe", KEY: "abc" });
    t.fail("must throw");
  } catch (error) {
    t.ok(error instanceof EnvironmentError);
    const { issues } = error as EnvironmentError;
    for (const name of ["URL", "PORT", "VERBOSE", "KEY"])
      t.ok(
        issues.some((issue) => issue.startsWith(name)),
        name,
      );
    t.equal(issues.length, 4);
  }
  t.end();
});

test("what was opened last is closed first, and a failure does not keep the rest open", async (t) => {
  const closed: string[] = [];
  const warned: unknown[] = [];
  const closers = createClosers({ warn: (...args: unknown[]) => void warned.push(args) } as never, 50);
  closers.add("first", () => closed.push("first"));
  closers.add("failing", () => Promise.reject(new Error("x")));
  closers.add("hanging", () => new Promise(() => undefined));
  closers.add("last", () => closed.push("last"));
  await closers.close();
  t.same(closed, ["last", "first"]);
  t.equal(warned.length, 2);
  await closers.close();
  t.equal(closed.length, 2, "once");
});

test("tokens and message contents are never logged", async (t) => {
  const destination = new PassThrough();
  const log = createLogger({ name: "x", destination });
  log.info(
    { token: "t0ken", message: { content: "s3cret" }, req: { headers: { authorization: "Bearer t0ken" } } },
    "hello",
  );
  const line = String(destination.read());
  t.match(line, /hello/);
  t.notMatch(line, /t0ken|s3cret/);
});

test("a Redis password is not logged when Redis refuses it", async (t) => {
  const destination = new PassThrough();
  const log = createLogger({ name: "x", destination });
  // As ioredis reports a refused HELLO or AUTH.
  const refused = Object.assign(new Error("WRONGPASS"), {
    command: { name: "hello", args: [3, "AUTH", "khui", "s3cret"] },
  });
  log.warn({ err: refused }, "connection");
  const line = String(destination.read());
  t.match(line, /WRONGPASS/);
  t.notMatch(line, /s3cret/);
});
