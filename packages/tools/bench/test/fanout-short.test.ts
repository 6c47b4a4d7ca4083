// The live benches in their short forms: every message reaches every socket once and in order, ours and the peers'.
import { test } from "tap";
import { runProgram } from "./run-program.js";

const lines = {
  "fanout.js": "every message was received once, in order, by every socket",
  "latency-live.js": "every message was received once, in order, by every member",
  "connections.js": "every connection was held, and received the message once",
  "comeback.js --only death": "all came back, and have every entry once, in order",
};

test("each counts right", { timeout: 250_000 }, async (t) => {
  const programs = Object.entries(lines);
  // At once, since what they measure does not matter here.
  const outcomes = await Promise.all(programs.map(([program]) => runProgram(`${program} --short`)));
  for (const [i, [program, line]] of programs.entries()) t.same(outcomes[i], { code: 0, output: `${line}\n` }, program);
});
