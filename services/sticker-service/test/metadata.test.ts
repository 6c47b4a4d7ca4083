// The metadata that a sender may give a sticker, and the draw by weights.
import { ChatError, type StickerField } from "@khui/contracts";
import { test } from "tap";
import { checkMetadata, drawOutcome } from "../src/sending/metadata.js";
import type { Outcome } from "../src/store/tables.js";

// A name of Object.prototype is an ordinary name.
const text: StickerField = { type: "text", maxLength: 5 };
const takes: Record<string, StickerField> = {
  ...Object.fromEntries([["toString", text]]),
  bet: { type: "choice", values: ["heads", "tails"], required: true },
  stake: { type: "integer", minimum: -2, maximum: 10 },
  wish: text,
};

function issuesOf(metadata: Record<string, unknown> | null | undefined, fields = takes): string[] {
  try {
    checkMetadata(fields, metadata);
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "invalid_metadata") throw error;
    return (error.details as { faults: Array<{ path: string }> }).faults.map(({ path }) => path);
  }
  return [];
}

test("a sticker without fields accepts an empty object, null or nothing", async (t) => {
  for (const given of [{}, null, undefined]) t.same(checkMetadata({}, given), {});
  t.same(issuesOf({ bet: "heads" }, {}), ["/metadata/bet"]);
});

test("valid fields are kept, and optional ones may be left out", async (t) => {
  t.same(checkMetadata(takes, { bet: "heads" }), { bet: "heads" });
  const all = { bet: "tails", stake: -2, wish: "กขค", toString: "x" };
  t.same(checkMetadata(takes, all), all);
});

test("all issues are reported at once", async (t) => {
  t.same(issuesOf({ stake: 11, wish: "123456", nonsense: 1 }), [
    "/metadata/nonsense",
    "/metadata/bet",
    "/metadata/stake",
    "/metadata/wish",
  ]);
  t.same(issuesOf(null), ["/metadata/bet"]);
});

test("an outcome cannot be given", async (t) => {
  t.same(issuesOf({ bet: "heads", outcome: "heads", outcomeName: { th: "หัว", en: "heads" } }), [
    "/metadata/outcome",
    "/metadata/outcomeName",
  ]);
});

test("values of another type or out of range are refused", async (t) => {
  const wrong: Record<string, unknown[]> = {
    bet: ["edge", "Heads", 1, null, ["heads"], {}],
    stake: [-3, 10.5, "5", null, Number.NaN, true],
    wish: ["123456", 5, null, [], "a\0b", "\ud800", "x\udc00"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      t.same(issuesOf({ bet: "heads", [name]: value }), [`/metadata/${name}`], `${name} ${JSON.stringify(value)}`);
    }
  }
});

test("a required text must not be blank", async (t) => {
  const field: Record<string, StickerField> = { wish: { type: "text", maxLength: 5, required: true } };
  t.same(issuesOf({ wish: "  " }, field), ["/metadata/wish"]);
  t.same(issuesOf({ wish: "" }, takes), ["/metadata/bet"]);
});

test("names of Object.prototype are ordinary fields", async (t) => {
  t.same(issuesOf(JSON.parse('{"bet":"heads","__proto__":{"stake":1},"constructor":1}')), [
    "/metadata/__proto__",
    "/metadata/constructor",
  ]);
  t.same(issuesOf({ [`a/b~${"x".repeat(100)}`]: 1 }, {}), [`/metadata/a~1b~0${"x".repeat(36)}`]);
});

const outcome = (id: string, weight: number): Outcome => ({
  id,
  name: { th: id, en: id },
  asset: `${id}.webp`,
  width: 1,
  height: 1,
  weight,
});

test("every outcome is drawn as often as its weight, over all random numbers", async (t) => {
  const outcomes = [outcome("rare", 1), outcome("common", 7), outcome("fair", 4)];
  const drawn = Array.from({ length: 12 }, (_, chance) => {
    return drawOutcome(outcomes, (n) => {
      t.equal(n, 12, "chance is asked for one of as many as the weights together");
      return chance;
    }).id;
  });
  t.same(drawn, ["rare", ...Array(7).fill("common"), ...Array(4).fill("fair")]);
});

test("a draw without outcomes, or beyond them, throws", async (t) => {
  t.throws(() => drawOutcome([], () => 0), RangeError);
  t.throws(() => drawOutcome([outcome("only", 2)], () => 2), RangeError);
});
