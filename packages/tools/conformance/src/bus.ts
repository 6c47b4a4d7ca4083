// The conformance suite of the bus port, for every adapter.
import { randomBytes } from "node:crypto";
import type { Bus } from "@khui/bus";
import type { Test } from "tap";
import type { ConformanceOptions } from "./bus-case.js";
import { deliveryCases } from "./bus-delivery.js";
import { requestCases } from "./bus-requests.js";

/** `connect` makes a client of one bus, the same for all calls; the suite closes what it opens. */
export async function conformance(t: Test, connect: (options: ConformanceOptions) => Promise<Bus>): Promise<void> {
  for (const [name, run] of Object.entries({ ...deliveryCases, ...requestCases })) {
    await t.test(name, async (t) => {
      const opened: Bus[] = [];
      const reported: unknown[] = [];
      t.teardown(() => Promise.all(opened.map((bus) => bus.close())));
      await run(t, {
        prefix: `conformance.${randomBytes(6).toString("hex")}`,
        reported,
        async connect(options = {}) {
          const bus = await connect({ onError: (error) => reported.push(error), ...options });
          opened.push(bus);
          return bus;
        },
      });
      t.same(reported, [], "nothing else went wrong");
    });
  }
}
