// Texts of which nothing is seen are empty.
import { test } from "tap";
import { visibleText } from "../src/index.js";

test("a text of nothing that is seen is empty", (t) => {
  for (const unseen of [
    "",
    " \n\u3000",
    "\u200b",
    "\u2060",
    "\u2800",
    "\u3164",
    "\u00ad",
    "\ufeff",
    "\u{e0041}",
    "\ufe0f",
  ])
    t.equal(visibleText(` ${unseen}${unseen} `), "", JSON.stringify(unseen));
  t.end();
});

test("any other text stays as it is, but for white space at its ends", (t) => {
  for (const text of ["a", "ก", ".", "👍", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a\u200bb", "\u200bน้ำ", "⠁", "ㅤa", "\u0301"])
    t.equal(visibleText(` ${text}\n`), text);
  t.end();
});
