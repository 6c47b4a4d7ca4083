// The names of uploaded files.
import { test } from "tap";
import { checkFileName } from "../src/uploads/file-name.js";

test("ordinary file names stay as they are", async (t) => {
  const names = [
    "a",
    "holiday.jpg",
    ".hidden",
    "...",
    "รายงาน ประจำปี.pdf",
    "résumé (final) [2].doc",
    "👨‍👩‍👧.png",
    "con",
    "a:b?c*d|e<f>g\"h'.txt",
    "%2e%2e%2f.txt",
    "a%00b",
    "x".repeat(255),
    "ก".repeat(255),
    "‏שלום.txt",
  ];
  for (const name of names) t.equal(checkFileName(name), name.normalize("NFC"));
});

test("names are normalized to NFC", async (t) => {
  t.equal(checkFileName("cafe\u0301.txt"), "caf\u00e9.txt");
  t.equal(checkFileName(`${"e\u0301".repeat(255)}`).length, 255, "and counted afterwards");
});

test("invalid names are refused", async (t) => {
  const names = [
    ...["", ".", "..", "/", "\\", "../x", "..\\x", "/etc/passwd", "C:\\x", "a/b", "a\\b", "a/", "\0", "a\0.jpg"],
    ...["a\nb", "a\rb", "a\tb", "\x7f", "\x9b", "\u202egpj.exe", "a\u2066b", "x".repeat(256), "\ud800", "a\udc00b"],
  ];
  for (const name of names) {
    t.throws(() => checkFileName(name), { code: "invalid_file_name" }, JSON.stringify(name));
  }
});
