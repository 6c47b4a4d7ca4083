// The in-process adapter conforms to the port.

import { conformance } from "@khui/conformance/bus";
import { test } from "tap";
import { createLocalBus } from "../src/local.js";

test("the in-process bus", async (t) => {
  const bus = createLocalBus();
  await conformance(t, async (options) => bus.connect(options));
});

test("a burst of messages does not block other work of the process", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  let handled = 0;
  bus.subscribe("burst", () => {
    handled += 1;
  });
  for (let index = 0; index < 5000; index += 1) bus.publish("burst", new Uint8Array(1));
  const between = await new Promise<number>((resolve) => {
    setImmediate(() => setImmediate(() => setImmediate(() => resolve(handled))));
  });
  t.ok(between > 0 && between < 5000, `${between} of 5000 handled`);
});
