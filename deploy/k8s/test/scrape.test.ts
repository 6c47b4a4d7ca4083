// The scrape configuration in README.md has the jobs that the alerts expect.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findSource, thisMachine } from "@khui/backends/source";
import { test } from "tap";
import { parse } from "yaml";
import { render } from "./rendered.js";

interface Relabelling {
  readonly source_labels?: readonly string[];
  readonly target_label?: string;
  readonly replacement?: string;
}

const run = promisify(execFile);
const read = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8");
const example = /^```yaml\n(scrape_configs:\n[\s\S]*?)^```/m.exec(read("../README.md"))?.[1] ?? "";

test("Prometheus accepts the example", async (t) => {
  const promtool = await findSource({ binary: "promtool", debianPackages: ["prometheus"] }, thisMachine(process.env));
  if (promtool.kind !== "binary") throw new Error("promtool is a program of this machine");
  const folder = mkdtempSync(join(tmpdir(), "khui-scrape-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // Debian's promtool is built without Kubernetes.
  const elsewhere = example.replace(/kubernetes_sd_configs: .*/, "static_configs: [{ targets: [pod] }]");
  writeFileSync(join(folder, "prometheus.yml"), elsewhere);
  t.match((await run(promtool.path, ["check", "config", join(folder, "prometheus.yml")])).stdout, /SUCCESS/);
});

test("every scraped pod belongs to a job that the alerts know, and each such job has pods", async (t) => {
  const [{ relabel_configs: rules }] = parse(example).scrape_configs as [{ relabel_configs: Relabelling[] }];
  const rule = rules.find(({ target_label }) => target_label === "job");
  t.same(rule?.source_labels, ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]);
  const pods = (await render("production")).of("Deployment").map(({ spec }) => spec?.template.metadata);
  const scraped = pods.filter((pod) => pod?.annotations?.["prometheus.io/scrape"] === "true");
  const jobs = scraped.map((pod) => rule?.replacement?.replace("$1", pod?.labels?.["app.kubernetes.io/name"] ?? ""));
  const alerts = read("../../observability/alerts.yml");
  const known = [...alerts.matchAll(/absent\(up\{job="(.+?)"/g)].map(([, job]) => job);
  t.ok(known.length > 0);
  t.same(jobs.sort(), known.sort());
});
