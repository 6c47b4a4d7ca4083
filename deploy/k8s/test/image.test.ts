// What the manifests assume about the images of deploy/docker/Dockerfile and the tags in Compose.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { compose, filledVariables } from "../../docker/test/compose-file.js";
import { serviceNames } from "../../docker/test/environments.js";
import { podsOf } from "./pods.js";
import { overlays, render } from "./rendered.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const dockerfile = readFileSync(`${root}deploy/docker/Dockerfile`, "utf8");
/** The image's working folder is the service's folder. */
const start = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
const user = Number(/^USER (\d+):\1$/m.exec(dockerfile)?.[1]);

for (const overlay of overlays) {
  test(`in ${overlay} services and migrations run as the images' user, who owns their volumes`, async (t) => {
    const rendered = await render(overlay);
    const own = podsOf(rendered).filter(({ spec }) => spec.containers.some(({ image }) => image?.startsWith("khui/")));
    t.same(own.map(({ name }) => name).sort(), [...serviceNames, "migrations"].sort());
    for (const { name, spec } of own) {
      t.match(spec.securityContext, { runAsUser: user, runAsGroup: user }, name);
      if (spec.volumes) t.equal(spec.securityContext?.fsGroup, user, name);
    }
  });

  test(`in ${overlay} the Job runs each image's own command with the argument migrate`, async (t) => {
    t.equal(start.at(-1), "dist/main.js");
    const rendered = await render(overlay);
    const containers = rendered.one("Job", "migrations").spec?.template.spec?.containers ?? [];
    t.equal(containers.length, 4);
    for (const { name, command, workingDir } of containers) {
      t.same(command, [...start, "migrate"], name);
      t.equal(workingDir, undefined, `${name} starts where the image does`);
      const { files } = JSON.parse(readFileSync(`${root}services/${name}/package.json`, "utf8")) as { files: string[] };
      // Only what is listed here is in the image.
      for (const folder of ["dist", "migrations"]) t.ok(files.includes(folder), `${name}'s image has ${folder}`);
    }
    for (const service of serviceNames) {
      const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
      t.equal(container?.command ?? container?.args, undefined, `${service} starts as its image does`);
    }
  });
}

test("other programs have the same versions as in Compose", async (t) => {
  // Without what belongs to a profile: a cluster has its own monitoring and backups.
  const always = Object.values(compose(filledVariables()).services).filter(
    ({ profiles = [] }) => profiles.length === 0,
  );
  const images = always.flatMap(({ image }) => image ?? []);
  const used = podsOf(await render("small")).flatMap(({ spec }) => spec.containers.flatMap(({ image }) => image ?? []));
  t.same(used.filter((image) => !image.startsWith("khui/")).sort(), images.sort());
});
