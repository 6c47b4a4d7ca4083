// The servers' configuration files, validated by the servers themselves with the settings of Compose.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findSource, thisMachine } from "@khui/backends/source";
import { test } from "tap";
import { compose, filledVariables, root } from "./compose-file.js";

const run = promisify(execFile);
const config = compose(filledVariables());
const machine = { ...thisMachine(process.env), findDocker: async () => undefined };

async function program(binary: string): Promise<string> {
  const source = await findSource({ binary, debianPackages: [binary] }, machine);
  if (source.kind !== "binary") throw new Error(`${binary} is a program of this machine`);
  return source.path;
}

const environmentOf = (service: string) => ({ ...process.env, ...config.services[service]?.environment });

test("HAProxy accepts the edge's file, with and without its settings", async (t) => {
  const haproxy = await program("haproxy");
  const args = ["-c", "-f", `${root}deploy/edge/haproxy.cfg`];
  await t.resolves(run(haproxy, args, { env: environmentOf("edge") }));
  await t.resolves(run(haproxy, args, { env: { PATH: process.env.PATH } }));
});

test("the NATS server accepts its file, whatever the passwords look like", async (t) => {
  const server = await program("nats-server");
  const args = ["-t", "-c", `${root}deploy/nats/nats.conf`];
  await t.resolves(run(server, args, { env: environmentOf("nats") }));
  for (const password of ["12345678", "7e5abc", "true", "12k"]) {
    const variables = filledVariables();
    for (const name of Object.keys(variables)) if (name.startsWith("NATS_")) variables[name] = password;
    const env = { ...process.env, ...compose(variables).services.nats?.environment };
    await t.resolves(run(server, args, { env }), password);
  }
  await t.rejects(run(server, args, { env: { PATH: process.env.PATH } }), /variable reference/i, "none is none");
});
