// What a sender may say with a sticker, and what chance answers.
import { ChatError, type StickerField } from "@khui/contracts";
import type { Fault } from "../publishing/issues.js";
import type { Outcome } from "../store/tables.js";

type Takes = Readonly<Record<string, StickerField>>;
type Given = Readonly<Record<string, unknown>>;

/**
 * What a message keeps of the sender's `metadata`: the fields that the sticker takes. One that takes none may be given none, an
 * empty object or null. Throws invalid_metadata with all faults.
 */
export function checkMetadata(takes: Takes, given: Given | null | undefined): Record<string, unknown> {
  const metadata = given ?? {};
  const unknown = Object.keys(metadata).filter((name) => !Object.hasOwn(takes, name));
  const faults: Fault[] = unknown.map((name) => ({ path: pathOf(name), message: "is not a field of this sticker" }));
  const kept: Array<[string, unknown]> = [];
  for (const [name, field] of Object.entries(takes)) {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    const message = value === undefined ? (field.required ? "is missing" : undefined) : faultOf(field, value);
    if (message) faults.push({ path: pathOf(name), message });
    else if (value !== undefined) kept.push([name, value]);
  }
  if (faults.length > 0) throw new ChatError("invalid_metadata", { faults });
  return Object.fromEntries(kept);
}

function faultOf(field: StickerField, value: unknown): string | undefined {
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
      // Postgres stores neither.
      if (value.includes("\0") || !value.isWellFormed()) return "has characters that cannot be kept";
      return field.required && value.trim() === "" ? "is empty" : undefined;
  }
}

/** As a JSON pointer (RFC 6901), with no more of the name than an honest one has. */
const pathOf = (name: string) =>
  `/metadata/${name.slice(0, 40).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** One of the outcomes, by their weights. `below(n)` returns a whole number from 0 to n - 1, each as likely as the others. */
export function drawOutcome(outcomes: readonly Outcome[], below: (n: number) => number): Outcome {
  let left = below(outcomes.reduce((sum, { weight }) => sum + weight, 0));
  for (const outcome of outcomes) {
    if (left < outcome.weight) return outcome;
    left -= outcome.weight;
  }
  throw new RangeError("nothing is drawn beyond the sum of the weights, nor from nothing");
}
