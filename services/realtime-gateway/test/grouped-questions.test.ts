// Questions are asked together, a few at a time, and each gets its own answer.
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createGroupedQuestions } from "../src/rooms/grouped-questions.js";

/** Questions that wait until the test answers them: the first `count` items, each with itself in capitals. */
function heldQuestions(maxItems: number) {
  const asked: Array<{ items: readonly string[]; answer(count?: number): void; fail(): void }> = [];
  const { ask } = createGroupedQuestions<string, string>({
    ask: (items) =>
      new Promise((resolve, reject) =>
        asked.push({
          items,
          answer: (count = items.length) => resolve(items.slice(0, count).map((item) => item.toUpperCase())),
          fail: () => reject(new Error("no answer")),
        }),
      ),
    maxItems,
  });
  return { ask, asked };
}

test("what is asked in one turn, and while three are in flight, goes together", async (t) => {
  const { ask, asked } = heldQuestions(100);
  const answers: Array<Promise<string>> = [];
  const items = () => asked.map(({ items: of }) => of.join());
  for (const question of ["ab", "cd", "ef"]) {
    for (const item of question) answers.push(ask(item));
    await until(`${question} is asked`, () => asked.at(-1)?.items.join("") === question);
  }
  for (const item of "ghi") answers.push(ask(item));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(items(), ["a,b", "c,d", "e,f"]);
  asked[1]?.answer();
  await until("the next is asked", () => asked.length === 4);
  t.same(items().at(-1), "g,h,i");
  for (const { answer } of asked) answer();
  t.same(await Promise.all(answers), [..."ABCDEFGHI"]);
});

test("what did not fit into an answer is asked again, before what came later", async (t) => {
  const { ask, asked } = heldQuestions(3);
  const answers = Promise.all([..."abcde"].map((item) => ask(item)));
  await until("two are asked", () => asked.length === 2);
  asked[0]?.answer(1);
  await until("the rest is asked", () => asked.length === 3);
  t.same(
    asked.map(({ items }) => items.join("")),
    ["abc", "de", "bc"],
  );
  asked[1]?.answer();
  asked[2]?.answer();
  t.same(await answers, [..."ABCDE"]);
});

test("a failure is that of everyone in the question, and of nobody else", async (t) => {
  const { ask, asked } = heldQuestions(2);
  const answers = Promise.allSettled([..."abcd"].map((item) => ask(item)));
  await until("two are asked", () => asked.length === 2);
  asked[0]?.fail();
  asked[1]?.answer();
  t.same(
    (await answers).map(({ status }) => status),
    ["rejected", "rejected", "fulfilled", "fulfilled"],
  );
});
