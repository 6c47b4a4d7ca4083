// Errors are told by kind, through their causes, whatever they are.
import { test } from "tap";
import { DatabaseUnavailable } from "../src/failures.js";
import { constraintName, failureKind } from "../src/index.js";

function databaseError(code: string, constraint?: string): Error {
  return Object.assign(new Error("from the server"), { code, constraint });
}

test("codes of the server become kinds", async (t) => {
  const expected = {
    "23505": "unique_violation",
    "23503": "foreign_key_violation",
    "23514": "check_violation",
    "40001": "serialization",
    "40P01": "serialization",
    "57P01": "unavailable",
    "57P02": "unavailable",
    "57P03": "unavailable",
    "53300": "unavailable",
    "08006": "unavailable",
    "25P03": "unavailable",
    "25006": "unavailable",
    "57014": "timeout",
    "42601": "other",
  };
  for (const [code, kind] of Object.entries(expected)) t.equal(failureKind(databaseError(code)), kind, code);
});

test("kind and constraint are found below errors that wrap them", async (t) => {
  const wrapped = new Error("could not save", {
    cause: new Error("again", { cause: databaseError("23505", "by_name") }),
  });
  t.equal(failureKind(wrapped), "unique_violation");
  t.equal(constraintName(wrapped), "by_name");
  t.equal(failureKind(new Error("outer", { cause: new DatabaseUnavailable("gone") })), "unavailable");
});

test("an error from elsewhere is other, even with a network code or a circle of causes", async (t) => {
  const circle = new Error("circle");
  circle.cause = circle;
  const refused = Object.assign(new Error("an HTTP call"), { code: "ECONNREFUSED" });
  for (const error of [circle, refused, null, undefined, "text", { code: "23505" }]) {
    t.equal(failureKind(error), "other");
    t.equal(constraintName(error), undefined);
  }
});
