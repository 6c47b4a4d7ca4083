// What one turn of the event loop sends goes together, and no failure in it ends the process or the rest.
import { test } from "tap";
import { createTurnQueue } from "../src/turn-queue.js";

test("operations run at the end of the turn, in order, whatever one of them throws", async (t) => {
  const [ran, errors]: [string[], unknown[]] = [[], []];
  const turn = createTurnQueue((error) => errors.push(error));
  turn.add(() => ran.push("first"));
  turn.add(() => {
    throw new Error("the client refuses it");
  });
  turn.add(() => ran.push("last"));
  t.strictSame(ran, []);
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(ran, ["first", "last"]);
  t.match(errors, [{ message: "the client refuses it" }]);
  turn.add(() => ran.push("now"));
  turn.flush();
  t.strictSame(ran, ["first", "last", "now"]);
});
