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

test("of a path the last segment is the name", async (t) => {
  for (const [name, kept] of [
    ["Trip/IMG_1.png", "IMG_1.png"],
    ["ทริป/วันแรก/ทะเล.png", "ทะเล.png"],
    ["C:\\fakepath\\a.txt", "a.txt"],
    ["/etc/passwd", "passwd"],
    ["../x", "x"],
  ] as const) {
    t.equal(checkFileName(name), kept);
  }
});

test("bidirectional controls are removed", async (t) => {
  t.equal(checkFileName("photo\u202egpj.exe"), "photogpj.exe");
  t.equal(checkFileName("a\u2066b\u2069.txt"), "ab.txt");
});

test("invalid names are refused", async (t) => {
  const names = [
    ...["", ".", "..", "/", "\\", "a/", "a/..", "\0", "a\0.jpg", "\u202e", "\u200b", " "],
    ...["a\nb", "a\rb", "a\tb", "\x7f", "\x9b", "x".repeat(256), "\ud800", "a\udc00b"],
  ];
  for (const name of names) {
    t.throws(() => checkFileName(name), { code: "invalid_file_name" }, JSON.stringify(name));
  }
});
