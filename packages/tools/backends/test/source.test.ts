// Servers are looked up in the environment, Docker, on the machine, then installed; else the error says what to do.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { findSource, type Machine, thisMachine } from "../src/source.js";

const wanted = { variable: "NATS_URL", image: "nats:2.11", binary: "nats-server", debianPackages: ["nats-server"] };

/** A fake machine that has only what is given. */
function machine(has: Partial<Machine>): Machine {
  return {
    environment: {},
    findDocker: async () => undefined,
    findBinary: () => undefined,
    installPackages: undefined,
    ...has,
  };
}

const environment = { NATS_URL: "nats://given:4222" };
const findDocker = async (): Promise<string> => "/usr/bin/docker";
const findBinary = (): string => "/usr/sbin/nats-server";
const installPackages = async (): Promise<never> => {
  throw new Error("nothing should be installed");
};

test("each source is preferred to those after it", async (t) => {
  const has = { environment, findDocker, findBinary, installPackages };
  t.same(await findSource(wanted, machine(has)), { kind: "url", url: "nats://given:4222" });
  t.same(await findSource(wanted, machine({ ...has, environment: { NATS_URL: "" } })), {
    kind: "docker",
    docker: "/usr/bin/docker",
    image: "nats:2.11",
  });
  t.same(await findSource(wanted, machine({ findBinary, installPackages })), {
    kind: "binary",
    path: "/usr/sbin/nats-server",
  });
});

test("a missing server is installed, then found", async (t) => {
  const installed: string[] = [];
  const source = await findSource(
    wanted,
    machine({
      findBinary: (name) => (installed.includes(name) ? `/usr/sbin/${name}` : undefined),
      installPackages: async (names) => void installed.push(...names),
    }),
  );
  t.same(source, { kind: "binary", path: "/usr/sbin/nats-server" });
});

test("without any source the error names all of them", async (t) => {
  await t.rejects(
    findSource(wanted, machine({})),
    /set NATS_URL.*start a Docker.*nats:2\.11.*apt-get install nats-server/,
  );
  const haproxy = { binary: "haproxy", debianPackages: ["haproxy"] };
  await t.rejects(findSource(haproxy, machine({ findDocker })), /^haproxy is needed: install haproxy/);
});

test("a Docker engine counts if it has the image or can pull it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "khui-source-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const docker = join(folder, "docker");
  const engine = (can: string) => {
    writeFileSync(docker, `#!/bin/sh\ncase "$1 $2" in ${can}) echo ok ;; *) exit 1 ;; esac\n`);
    chmodSync(docker, 0o755);
    return thisMachine({ PATH: folder }).findDocker("nats:2.11");
  };
  t.equal(await engine("info*|'image inspect'"), docker, "it has the image");
  t.equal(await engine("info*|'pull nats:2.11'"), docker, "it pulls the image");
  t.equal(await engine("info*"), undefined, "it reaches no registry");
  t.equal(await engine("'image inspect'"), undefined, "it does not answer");
});
