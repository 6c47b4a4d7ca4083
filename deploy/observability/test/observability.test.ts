// Alerts and dashboard use existing metrics, say what to do, and are valid for Prometheus and Grafana.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findSource, thisMachine } from "@khui/backends/source";
import { startEmbedded } from "@khui/test-kit/embedded";
import { eventually, privateRoom, useSystem } from "@khui/test-kit/system";
import t, { test } from "tap";
import { parse as parseYaml } from "yaml";
import { serviceNames } from "../../docker/test/environments.js";
import { metricsOf, namesIn, sampleOf } from "./exposition.js";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: ReadonlyArray<{ readonly expr: string }>;
}

const here = fileURLToPath(new URL("../", import.meta.url));
const read = (name: string) => readFileSync(join(here, name), "utf8");
const { groups } = parseYaml(read("alerts.yml")) as { groups: ReadonlyArray<{ rules: readonly Rule[] }> };
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read("dashboard.json")) as { panels: readonly Panel[] };
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const promtool = promisify(execFile);
async function check(...args: string[]): Promise<string> {
  const source = await findSource({ binary: "promtool", debianPackages: ["prometheus"] }, thisMachine(process.env));
  if (source.kind !== "binary") throw new Error("promtool is a program of this machine");
  return (await promtool(source.path, args)).stdout;
}

const system = await startEmbedded();
t.teardown(() => system.stop());
const scrape = async () => (await fetch(`${system.url}/metrics`)).text();

test("metrics count what a system does", async (t) => {
  const people = await useSystem(t, system);
  const [alice, bob] = [people.newUser("Alice"), people.newUser("Bob")];
  const roomId = await privateRoom(alice, bob);
  const client = await bob.connect({ transports: ["websocket"] });
  await client.join(roomId);
  for (let i = 0; i < 3; i++) await alice.post(`/rooms/${roomId}/messages`, { content: `number ${i}` });
  await client.next("new_message", ({ message }) => message.content === "number 2");
  const again = await bob.connect({ transports: ["polling"], upgrade: false });
  await again.join(roomId, 1);
  await again.next("new_message", ({ message }) => message.content === "number 2");
  const behind = await bob.connect();
  // Ahead of the room's head: nothing was missed, and it still counts as a resume.
  await behind.join(roomId, 1_000);

  const text = await scrape();
  const value = (name: string, label?: string) => sampleOf(text, name, label);
  t.equal(value("khui_messages_sent_total", 'type="text"'), 3);
  t.ok(value("khui_messages_batch_size_count", 'of="send"') >= 1);
  t.ok(value("khui_messages_announce_delay_seconds_count") >= 1);
  t.ok(value("khui_gateway_entries_total") >= 3);
  t.ok(value("khui_gateway_deliveries_total") >= 3);
  t.ok(value("khui_gateway_writes_total") >= 3);
  t.equal(value("khui_gateway_resumes_total"), 2);
  t.equal(value("khui_gateway_rooms"), 1);
  t.ok(value("khui_gateway_sockets", 'transport="polling"') >= 1);
  await eventually(async () => sampleOf(await scrape(), "khui_gateway_sockets", 'transport="websocket"') >= 1);
  t.ok(value("khui_bus_request_duration_seconds_count", 'rpc="messages.openRooms"') >= 3);
  t.equal(
    value("khui_http_request_duration_seconds_count", 'method="POST",route="/api/v1/chat/rooms/:chatRoomId/messages"'),
    3,
  );
  t.ok(value("khui_media_scratch_size_bytes") > 0);
  for (const one of [client, again, behind]) one.close();
  await eventually(async () => sampleOf(await scrape(), "khui_gateway_rooms") === 0);
  // What was in progress during one sweep is gone by the next.
  await eventually(async () => sampleOf(await scrape(), "khui_rooms_outbox_changes") === 0);
  t.ok(sampleOf(await scrape(), "khui_gateway_closed_sockets_total") >= 3);
});

test("metrics count uploads, stickers, and refusals by limits and routes", async (t) => {
  const people = await useSystem(t, system);
  const [alice, bob] = [people.newUser("Alice"), people.newUser("Bob")];
  const roomId = await privateRoom(alice, bob);
  const upload = async (type: string) => {
    const body = new FormData();
    body.set("type", type);
    body.set("file", new Blob(["hello"]), "note.txt");
    const headers = { authorization: `Bearer ${alice.token}` };
    const url = `${system.url}/api/v1/chat/rooms/${roomId}/messages/media`;
    return (await fetch(url, { method: "POST", headers, body })).status;
  };
  t.equal(await upload("file"), 201);
  t.equal(await upload("image"), 415);
  const { body } = await alice.get("/stickers/search?q=hello");
  const [sticker] = body.stickers as Array<{ setId: string; stickerId: string; type: string }>;
  const { setId, stickerId, type: stickerType } = sticker!;
  t.equal((await alice.post(`/rooms/${roomId}/messages/sticker`, { setId, stickerId, stickerType })).status, 201);
  await fetch(`${system.url}/nowhere/${roomId}`);

  const text = await scrape();
  t.equal(sampleOf(text, "khui_media_uploads_total", 'kind="file",outcome="stored"'), 1);
  t.equal(sampleOf(text, "khui_media_uploads_total", 'kind="image",outcome="refused"'), 1);
  t.equal(sampleOf(text, "khui_media_upload_bytes_total", 'kind="file"'), 5);
  t.equal(sampleOf(text, "khui_stickers_sent_total", `type="${stickerType}"`), 1);
  t.equal(sampleOf(text, "khui_http_request_duration_seconds_count", 'route="unmatched",status="4xx"'), 1);
  t.notOk(text.includes(roomId), "no label has an id");
});

test("metric names are unique, and each metric has the name of its process", async (t) => {
  const text = await scrape();
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  t.equal(new Set(types).size, types.length);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  t.same(
    samples.filter((line) => !line.includes('service="khui"')),
    [],
  );
});

test("alerts and dashboard use only metrics that exist, and each of ours is shown", async (t) => {
  const there = namesIn(await scrape());
  const asked = new Set([...rules.map(({ expr }) => expr), ...expressions].flatMap(metricsOf));
  t.same(
    [...asked].filter((name) => name !== "up" && !there.has(name)),
    [],
  );
  t.ok(asked.size > 30);
  const shown = new Set(expressions.flatMap(metricsOf).map((name) => name.replace(/_(bucket|sum|count)$/, "")));
  const ours = [...there].map((name) => name.replace(/_(bucket|sum|count)$/, "")).filter((name) => /^khui_/.test(name));
  t.same(
    [...new Set(ours)].filter((name) => !shown.has(name)),
    [],
  );
});

test("every alert says what is wrong and links to its runbook", (t) => {
  const anchors = rules.map(({ annotations }) => annotations.runbook);
  for (const { alert, labels, annotations } of rules) {
    t.match(alert, /^Khui[A-Z][A-Za-z]+$/);
    t.match(labels.severity, /^(critical|warning|info)$/, alert);
    t.match(annotations.summary, /\w.*\.$/, alert);
    const words = alert.slice("Khui".length).replace(/(?<!^)([A-Z])/g, "-$1");
    t.equal(annotations.runbook, `docs/operations.md#${words.toLowerCase()}`);
  }
  t.equal(new Set(anchors).size, anchors.length);
  const page = readFileSync(join(here, "../../docs/operations.md"), "utf8");
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  for (const anchor of anchors) t.ok(headings.includes(anchor.split("#")[1] ?? ""), anchor);
  t.end();
});

test("Prometheus accepts the rules and the example, and alerts fire when they should", async (t) => {
  t.match(await check("check", "rules", join(here, "alerts.yml")), /SUCCESS/);
  t.match(await check("check", "config", join(here, "prometheus.yml")), /SUCCESS/);
  t.match(await check("test", "rules", join(here, "alerts.test.yml")), /SUCCESS/);
});

test("every scraped job raises an alert when it is gone", (t) => {
  const { scrape_configs } = parseYaml(read("prometheus.yml")) as { scrape_configs: Array<{ job_name: string }> };
  const { expr = "" } = rules.find(({ alert }) => alert === "KhuiServiceGone") ?? {};
  const asked = [...expr.matchAll(/absent\(up\{job="(.+?)"\} == 1\), "job", "(.+?)"/g)];
  t.same(
    asked.map(([, job]) => job),
    scrape_configs.map(({ job_name }) => job_name),
  );
  t.same(
    scrape_configs.map(({ job_name }) => job_name),
    [...serviceNames, "edge"].map((name) => `khui-${name}`),
    "every service is scraped",
  );
  t.same(
    asked.map(([, job]) => job),
    asked.map(([, , label]) => label),
  );
  t.end();
});

test("every panel has a unique id and valid expressions", async (t) => {
  const ids = panels.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  t.ok(panels.every(({ type, targets = [] }) => type === "row" || targets.length > 0));
  const folder = mkdtempSync(join(tmpdir(), "khui-dashboard-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "expressions.yml");
  const recorded = expressions.map((expr, i) => ({
    record: `khui:panel:${i}`,
    expr: expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(service|instance)\b/g, ".*"),
  }));
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules: recorded }] }));
  t.match(await check("check", "rules", file), new RegExp(`SUCCESS: ${expressions.length} rules found`));
});
