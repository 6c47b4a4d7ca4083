// Containers are run, killed and removed by name, with a fake Docker client.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { startBackends } from "../src/backends.js";
import { replies } from "../src/probes.js";
import { makeSecrets } from "../src/secrets.js";
import { type Machine, thisMachine } from "../src/source.js";

/** `run` starts a nats-server on the published port in place of the image; the rest acts on its pid. */
const script = (folder: string, natsServer: string): string => `#!/bin/sh
echo "$@" >> ${folder}/calls
case $1 in
  run)
    echo $$ > "${folder}/$4"
    published=$6; port=\${published#127.0.0.1:}; port=\${port%:4222}
    exec ${natsServer} --addr 127.0.0.1 --port "$port" ;;
  kill) kill -KILL "$(cat "${folder}/$2")" ;;
esac
`;

function standIn(t: Test): { machine: Machine; calls(): string[] } {
  const folder = mkdtempSync(join(tmpdir(), "khui-docker-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const docker = join(folder, "docker");
  const natsServer = thisMachine(process.env).findBinary("nats-server");
  if (natsServer === undefined) throw new Error("this test needs nats-server on the machine");
  writeFileSync(docker, script(folder, natsServer));
  chmodSync(docker, 0o755);
  return {
    machine: {
      environment: {},
      findDocker: async () => docker,
      findBinary: () => undefined,
      installPackages: undefined,
    },
    calls: () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n"),
  };
}

test("a container has its own name, loopback port and volume, and comes back on both after a crash", async (t) => {
  const { machine, calls: callsSoFar } = standIn(t);
  const backends = await startBackends(["nats"], { machine });
  const { port } = new URL(backends.natsUrl ?? "");
  await backends.kill("nats");
  t.notOk(await replies(Number(port), "PING\r\n", "PONG"));
  await backends.restart("nats");
  t.ok(await replies(Number(port), "PING\r\n", "PONG"));
  await backends.stop();
  t.notOk(await replies(Number(port), "PING\r\n", "PONG"));

  const calls = callsSoFar();
  const runs = calls.filter((call) => call.startsWith("run "));
  const form = new RegExp(
    `^run --rm --name (khui-nats-\\w+-\\w+) --publish 127.0.0.1:${port}:4222 --volume (khui-nats-\\w+):/data nats:2.11$`,
  );
  const [first, second] = runs.map((call) => form.exec(call));
  t.equal(runs.length, 2);
  t.not(first?.[1], second?.[1], "each start has a name of its own");
  t.equal(first?.[2], second?.[2], "the volume is the same");
  t.ok(calls.includes(`kill ${first?.[1]}`));
  t.ok(calls.includes(`volume rm --force ${first?.[2]}`));
});

test("with secrets a container is given the configuration of users and their passwords", async (t) => {
  const { machine, calls } = standIn(t);
  const secrets = makeSecrets();
  const backends = await startBackends(["nats"], { machine, secrets });
  await backends.stop();
  const started = calls().find((call) => call.startsWith("run ")) ?? "";
  t.match(started, /--volume \S+\/deploy\/nats\/nats\.conf:\/etc\/nats\/khui\.conf:ro /);
  t.ok(started.includes(`--env NATS_ROOMS_API_PASSWORD="${secrets.NATS_ROOMS_API_PASSWORD}"`));
  t.match(started, / nats:2\.11 --config \/etc\/nats\/khui\.conf$/);
});
