// Dates in query strings.
import { test } from "tap";
import { readDate } from "../src/routes/read-date.js";

test("a date means the same wherever the server is", (t) => {
  const before = process.env.TZ;
  t.teardown(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
  for (const zone of ["Asia/Bangkok", "America/New_York", "UTC"]) {
    process.env.TZ = zone;
    for (const [text, expected] of [
      ["2024-01-01", "2024-01-01T00:00:00.000Z"],
      ["2024-01-01T08:30", "2024-01-01T08:30:00.000Z"],
      ["2024-01-01T08:30:15.25", "2024-01-01T08:30:15.250Z"],
      ["2024-01-01t08:30:15z", "2024-01-01T08:30:15.000Z"],
      ["2024-01-01T08:30:15+07:00", "2024-01-01T01:30:15.000Z"],
      ["2024-01-01T08:30:15-0330", "2024-01-01T12:00:15.000Z"],
      ["2024-02-29", "2024-02-29T00:00:00.000Z"],
      ["0001-01-01", "0001-01-01T00:00:00.000Z"],
    ] as const) {
      t.equal(readDate("/before", text).toISOString(), expected, `${text} in ${zone}`);
    }
  }
  t.end();
});

test("a day that there is not, and whatever is no date, is refused", (t) => {
  for (const text of [
    ...["2024-02-30", "2023-02-29T00:00:00Z", "2024-04-31T12:00:00Z", "2024-00-10", "2024-13-01", "2024-01-00"],
    ...["2024-01-01T24:00:00Z", "2024-01-01T23:60:00Z", "2024-01-01T23:59:60Z", "2024-01-01T00:00:00+99:00"],
    ...["", "2024", "yesterday", "2024-01-01 00:00:00Z", "0000-01-01", "9999-12-31T23:59:59-12:00", "20240101"],
  ]) {
    t.throws(() => readDate("/before", text), { code: "invalid_request" }, text);
  }
  t.end();
});
