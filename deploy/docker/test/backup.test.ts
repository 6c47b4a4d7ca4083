// The scripts that back up and restore, on private servers: `docker` is a stand-in that runs what is meant for Postgres, and records the rest.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { startBackends } from "@khui/backends/backends";
import { makeSecrets, ownAddresses } from "@khui/backends/secrets";
import { type Test, test } from "tap";
import { root } from "./compose-file.js";
import { schemas } from "./environments.js";

const run = promisify(execFile);

/** The private servers' database is not called khui. */
const standIn = `#!/bin/sh
case "$*" in
  "compose exec -T postgres "*)
    shift 4
    for word; do
      shift
      [ "$word" != khui ] || word=postgres
      set -- "$@" "$word"
    done
    exec "$@" ;;
  "compose ps --quiet "*) printf '%s' "$RUNNING" ;;
  *) echo "$@" | head -n 1 >> "$RECORD" ;;
esac
`;

async function installation(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), "khui-backup-test-"));
  const secrets = makeSecrets();
  const backends = await startBackends(["postgres"], { environment: {}, secrets });
  t.teardown(async () => {
    await backends.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = backends.postgresUrl ?? "";
  const { hostname, port, password } = new URL(url);
  const [bin, record] = [join(folder, "bin"), join(folder, "record")];
  mkdirSync(bin);
  writeFileSync(join(bin, "docker"), standIn, { mode: 0o755 });
  writeFileSync(record, "");
  const server = { PGHOST: hostname, PGPORT: port, PGPASSWORD: decodeURIComponent(password) };
  const env = { ...process.env, ...server, PATH: [bin, process.env.PATH].join(delimiter), RECORD: record };
  return {
    sql: async (query: string, by = url) => (await run("psql", [by, "-wXAtqc", query])).stdout.trim(),
    roleUrl: (service: string) => ownAddresses(service, { postgres: url }, secrets).POSTGRES_URL,
    script: (name: string, path: string, more: Record<string, string> = {}) =>
      run("sh", [`${root}deploy/docker/${name}`, path], { env: { ...env, ...more } }),
    recorded: () => readFileSync(record, "utf8").trim().split("\n"),
  };
}

test("what was backed up is restored into an empty installation, and belongs to the same roles", async (t) => {
  const place = mkdtempSync(join(tmpdir(), "khui-backup-"));
  t.teardown(() => rmSync(place, { recursive: true, force: true }));
  const [old, fresh] = [await installation(t), await installation(t)];
  for (const [service, schema] of schemas) {
    await old.sql(
      `create table ${schema}.kept (n int primary key, s text); insert into ${schema}.kept values (7, 'คุย')`,
      old.roleUrl(service),
    );
  }
  await old.script("backup.sh", place);
  t.match(old.recorded(), [
    /^compose up --detach --wait backup$/,
    /^compose run --rm -T --no-deps --entrypoint sh minio-setup -euc/,
    /^compose rm --force --stop backup$/,
  ]);

  await t.rejects(fresh.script("restore.sh", place, { RUNNING: "1234" }), /services are running/);
  await fresh.script("restore.sh", place);
  for (const [service, schema] of schemas) {
    t.equal(await fresh.sql(`select s from ${schema}.kept where n = 7`, fresh.roleUrl(service)), "คุย", service);
    await fresh.sql(`alter table ${schema}.kept add more int`, fresh.roleUrl(service));
  }
  await t.rejects(fresh.sql("select * from rooms.kept", fresh.roleUrl("messages-api")), /permission denied/);
  await t.rejects(fresh.script("restore.sh", place), /has data already/);
  await t.rejects(fresh.script("restore.sh", join(place, "files")), /has no khui\.dump/);
});
