// The metadata that a sender gives an interactive sticker, and the draw of its outcome.
import { ChatError, type StickerField, visibleText } from "@khui/contracts";
import type { Issue } from "../publishing/issues.js";
import type { Outcome } from "../store/tables.js";

type Takes = Readonly<Record<string, StickerField>>;
type Given = Readonly<Record<string, unknown>>;

/**
 * What a message keeps of the sender's `metadata`: the fields that the sticker takes. For one that takes none, `metadata` is undefined, an
 * empty object or null. Throws invalid_metadata with all issues.
 */
export function checkMetadata(takes: Takes, given: Given | null | undefined): Record<string, unknown> {
  const metadata = given ?? {};
  const unknown = Object.keys(metadata).filter((name) => !Object.hasOwn(takes, name));
  const issues: Issue[] = unknown.map((name) => ({ path: pathOf(name), message: "is not a field of this sticker" }));
  const kept: Array<[string, unknown]> = [];
  for (const [name, field] of Object.entries(takes)) {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    const message = value === undefined ? (field.required ? "is missing" : undefined) : issueOf(field, value);
    if (message) issues.push({ path: pathOf(name), message });
    else if (value !== undefined) kept.push([name, value]);
  }
  if (issues.length > 0) throw new ChatError("invalid_metadata", { faults: issues });
  return Object.fromEntries(kept);
}

function issueOf(field: StickerField, value: unknown): string | undefined {
  switch (field.type) {
    case "choice":
      return field.values.some((one) => one === value) ? undefined : `is not one of: ${field.values.join(", ")}`;
    case "integer": {
      const { minimum, maximum } = field;
      const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum;
      return fits ? undefined : `is not a whole number from ${minimum} to ${maximum}`;
    }
    case "text":
      if (typeof value !== "string" || value.length > field.maxLength) {
        return `is not a text of at most ${field.maxLength} characters`;
      }
      // Postgres can store neither.
      if (value.includes("\0") || !value.isWellFormed()) return "has characters that cannot be kept";
      return field.required && visibleText(value) === "" ? "is empty" : undefined;
  }
}

/** A JSON pointer (RFC 6901), with no more of the name than a valid one has. */
const pathOf = (name: string) =>
  `/metadata/${name.slice(0, 40).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** Draws an outcome by the weights. `randomBelow(n)` returns an integer from 0 to n - 1, uniformly distributed. */
export function drawOutcome(outcomes: readonly Outcome[], randomBelow: (n: number) => number): Outcome {
  let left = randomBelow(outcomes.reduce((sum, { weight }) => sum + weight, 0));
  for (const outcome of outcomes) {
    if (left < outcome.weight) return outcome;
    left -= outcome.weight;
  }
  throw new RangeError("randomBelow returned a number beyond the weights, or there are no outcomes");
}
