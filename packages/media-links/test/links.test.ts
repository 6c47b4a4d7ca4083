// Links to files: how they are signed, and how long they are valid.
import { mediaPaths } from "@khui/contracts";
import { test } from "tap";
import { createMediaLinks } from "../src/index.js";

const day = 86_400;
const fileId = "0123456789abcdef01234567";
const otherId = "0123456789abcdef01234568";
const name = "รูป ภาพ&?#/%.png";
const start = Date.UTC(2030, 4, 17, 9, 30);

function linksAt(time: { now: number }, secrets = ["a secret"], validSeconds = 7 * day) {
  return createMediaLinks({ secrets, validSeconds, publicUrl: () => "https://chat.example", now: () => time.now });
}

/** A link in the parts that a server gets. */
function parts(address: string) {
  const { origin, pathname, searchParams } = new URL(address);
  return {
    origin,
    path: pathname,
    query: { expires: searchParams.get("expires") ?? "", signature: searchParams.get("signature") ?? "" },
    names: [...searchParams.keys()],
  };
}

test("a link leads to its file and is valid for as long as configured, and at most a day more", async (t) => {
  const time = { now: start };
  for (let hour = 0; hour < 30; hour++) {
    const links = linksAt(time);
    for (const [address, path] of [
      [links.file(fileId, name), mediaPaths.file(fileId, name)],
      [links.thumbnail(fileId), mediaPaths.thumbnail(fileId)],
    ] as const) {
      const made = parts(address);
      t.same([made.origin, made.path, made.names], ["https://chat.example", path, ["expires", "signature"]]);
      const left = links.check(made.path, made.query);
      t.ok(left >= 7 * day && left <= 8 * day, `${left} s`);
      t.equal(left, Number(made.query.expires) - time.now / 1000);
    }
    time.now += 3_600_000;
  }
});

test("a link stays the same for a day, so that browsers may cache", async (t) => {
  const time = { now: Date.UTC(2030, 4, 17, 0, 0, 0, 1) };
  const links = linksAt(time);
  const first = links.file(fileId, name);
  time.now = Date.UTC(2030, 4, 18);
  t.equal(links.file(fileId, name), first);
  time.now += 1;
  t.not(links.file(fileId, name), first);
});

test("a link for less than a day is valid for twice its time at most", async (t) => {
  const time = { now: start + 1 };
  const links = linksAt(time, ["a secret"], 60);
  const { path, query } = parts(links.thumbnail(fileId));
  const left = links.check(path, query);
  t.ok(left >= 60 && left <= 120, `${left} s`);
});

test("a link expires", async (t) => {
  const time = { now: start };
  const links = linksAt(time);
  const { path, query } = parts(links.file(fileId, name));
  const end = Number(query.expires) * 1000;
  time.now = end - 1_000;
  t.equal(links.check(path, query), 1);
  for (const late of [0, 1, 1_000, 1e12]) {
    time.now = end + late;
    t.throws(() => links.check(path, query), { code: "link_expired" }, `${late} ms late`);
  }
});

test("a new secret signs while links of the old one stay valid", async (t) => {
  const time = { now: start };
  const old = linksAt(time, ["old"]);
  const both = linksAt(time, ["new", "old"]);
  const fresh = linksAt(time, ["new"]);
  const before = parts(old.file(fileId, name));
  const after = parts(both.file(fileId, name));
  t.ok(both.check(before.path, before.query) > 0);
  t.ok(both.check(after.path, after.query) > 0);
  t.ok(fresh.check(after.path, after.query) > 0, "the first one signs");
  t.throws(() => fresh.check(before.path, before.query), { code: "invalid_signature" });
  t.throws(() => old.check(after.path, after.query), { code: "invalid_signature" });
});

test("a changed link is refused", async (t) => {
  const links = linksAt({ now: start });
  const { path, query } = parts(links.file(fileId, name));
  const { expires, signature } = query;
  const paths = [
    mediaPaths.file(otherId, name),
    mediaPaths.file(fileId, `${name}x`),
    mediaPaths.file(fileId, ""),
    mediaPaths.thumbnail(fileId),
    path.toUpperCase(),
    `${path}/`,
    `${path}\n${expires}`,
    decodeURIComponent(path),
    "",
  ];
  for (const changed of paths) t.throws(() => links.check(changed, query), { code: "invalid_signature" }, changed);
  const later = String(Number(expires) + day);
  for (const changed of [later, ` ${expires}`, `${expires}.0`, `0${expires}`, "Infinity", "NaN", "", "1e99"]) {
    t.throws(() => links.check(path, { expires: changed, signature }), { code: "invalid_signature" }, changed);
  }
  const first = signature.startsWith("A") ? "B" : "A";
  const signatures = ["", "A", `${first}${signature.slice(1)}`, signature.slice(0, -2), `${signature}AAAA`, "\0", "ก"];
  for (const changed of [...signatures, signature.toLowerCase(), "A".repeat(1e6)]) {
    t.throws(() => links.check(path, { expires, signature: changed }), { code: "invalid_signature" });
  }
});

test("a signature of one path is not valid for another", async (t) => {
  const links = linksAt({ now: start });
  const thumbnail = parts(links.thumbnail(fileId));
  const file = parts(links.file(fileId, name));
  t.throws(() => links.check(file.path, thumbnail.query), { code: "invalid_signature" });
  t.throws(() => links.check(thumbnail.path, file.query), { code: "invalid_signature" });
});

test("the public URL is read each time, since it may not be known at the start", async (t) => {
  let url = "";
  const links = createMediaLinks({ secrets: ["a secret"], validSeconds: day, publicUrl: () => url });
  t.match(links.thumbnail(fileId), /^\/api\/v1\//);
  url = "http://localhost:3101";
  t.match(links.thumbnail(fileId), /^http:\/\/localhost:3101\/api\/v1\//);
});

test("without a secret there are no links", async (t) => {
  const options = { validSeconds: day, publicUrl: () => "" };
  t.throws(() => createMediaLinks({ ...options, secrets: [] }));
  t.throws(() => createMediaLinks({ ...options, secrets: [""] }));
});
