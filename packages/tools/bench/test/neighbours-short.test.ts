// The short form of `npm run check:neighbours`: the worst that neighbours may ask for, while someone uses the system.
import { test } from "tap";
import { runProgram } from "./run-program.js";

test("whoever has bad neighbours meets no error and misses nothing, and no request costs too much", {
  timeout: 400_000,
}, async (t) => {
  const { code, output } = await runProgram("neighbours.js --short");
  t.same(
    { code, output },
    { code: 0, output: "the victim met no error, missed nothing, and no request cost too much\n" },
  );
});
