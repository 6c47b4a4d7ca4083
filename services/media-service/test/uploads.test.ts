// How many uploads are taken at once, and from whom.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import { createLogger } from "@khui/runtime";
import { unobserved } from "@khui/telemetry";
import type { FastifyRequest } from "fastify";
import { type Test, test } from "tap";
import { defaultLimits } from "../src/limits.js";
import { createUploads, type Uploading } from "../src/uploads.js";

const unused = {} as Pick<Uploading, "files" | "inspection" | "scratch">;
const request = { raw: { complete: true, socket: { setTimeout: () => {} } } } as unknown as FastifyRequest;

/** Uploads that stay under way until `end`; `refusals` are those of the ones that did not get that far. */
function rig(t: Test, limits: { uploads: number; uploadsPerUser: number }) {
  const bus = createLocalBus({ onError: () => {} }).connect();
  t.teardown(() => bus.close());
  let waiting: Array<() => void> = [];
  serveRpc(bus, messagesRpc.maySend, async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    throw new ChatError("media_not_allowed");
  });
  const { metrics } = unobserved(createLogger({ name: "test", level: "silent" }));
  const upload = createUploads({ ...unused, bus, metrics, limits: { ...defaultLimits, ...limits } });
  const from = (userId: string) =>
    upload(request, { userId, roomId: "0123456789abcdef01234567", clientMessageId: undefined }).catch((error) => error);
  return {
    from,
    async underWay(count: number) {
      while (waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
    },
    end() {
      for (const answer of waiting) answer();
      waiting = [];
    },
  };
}

test("one user may not take the places of all", async (t) => {
  const { from, underWay, end } = rig(t, { uploads: 5, uploadsPerUser: 2 });
  const taken = [from("one"), from("one"), from("another")];
  await underWay(3);
  t.match(await from("one"), { code: "rate_limited", status: 429, details: { retryAfter: 5 } });
  taken.push(from("another"), from("third"));
  await underWay(5);
  t.match(await from("fourth"), { code: "service_unavailable", details: { retryAfter: 5 } });
  end();
  for (const outcome of await Promise.all(taken)) t.equal(outcome.code, "media_not_allowed");
  const later = [from("one"), from("one")];
  await underWay(2);
  t.match(await from("one"), { code: "rate_limited" });
  end();
  for (const outcome of await Promise.all(later))
    t.equal(outcome.code, "media_not_allowed", "what ended counts no more");
});
