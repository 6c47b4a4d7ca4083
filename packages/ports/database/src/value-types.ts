// How column types become JavaScript values where the driver's own conversion differs or loses something.

/** Type OIDs: `SELECT oid, typname FROM pg_type`; those of built-in types never change. */
const bytea = 17;
const int8 = 20;
const int8Array = 1016;
const date = 1082;
const timestamp = 1114;
const interval = 1186;

/**
 * Reads an int8 as a number.
 *
 * @throws RangeError beyond 2^53, where a number would silently be rounded
 */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a JavaScript number`);
  return value;
}

function asText(text: string): string {
  return text;
}

/** int8[] of any depth: digits, commas, braces and NULL, which is JSON but for the braces and the case. */
function safeIntegers(text: string): unknown {
  const json = text
    .replace(/^\[.*\]=/, "")
    .replaceAll("{", "[")
    .replaceAll("}", "]")
    .replaceAll("NULL", "null");
  return JSON.parse(json.replace(/-?\d+/g, (digits) => String(safeInteger(digits))));
}

/**
 * From the text form of a value, by type OID. `date`, `timestamp` and `interval` stay text: they name no moment in
 * time, and a Date would shift them by the zone of whoever reads them.
 */
export const valueParsers: Readonly<Record<number, (text: string) => unknown>> = {
  [bytea]: (text) => Buffer.from(text.slice(2), "hex"),
  [int8]: safeInteger,
  [int8Array]: safeIntegers,
  [date]: asText,
  [timestamp]: asText,
  [interval]: asText,
};
