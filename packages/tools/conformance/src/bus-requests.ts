// The guarantees of request, serve, flush and close, as cases of the conformance suite.

import { BusClosed, NoResponders, PayloadTooLarge, RemoteError, RequestTimeout } from "@khui/bus";
import type { Test } from "tap";
import type { ConformanceCase } from "./bus-case.js";
import { read, text, until } from "./bus-delivery.js";

const timeoutMs = 5000;
const echo = async (message: { data: Uint8Array }): Promise<Uint8Array> => message.data;

/** A promise and the function that resolves it. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

export const requestCases: Record<string, (t: Test, fixture: ConformanceCase) => Promise<void>> = {
  async "a request carries data and headers, and is answered"(t, { connect, prefix }) {
    const [asker, server] = [await connect(), await connect()];
    server.serve(`${prefix}.a`, async (message) => text(`${read(message)} ${message.headers["x-request-id"]}`));
    await server.flush();
    const answer = await asker.request(`${prefix}.a`, text("hello"), { timeoutMs, headers: { "x-request-id": "r1" } });
    t.equal(read(answer), "hello r1");
    t.same(answer.headers, {});
  },

  async "a request says for how long it is waited for"(t, { connect, prefix }) {
    const [asker, server] = [await connect(), await connect()];
    server.serve(`${prefix}.a`, async (message) => text(message.headers["khui-timeout-ms"] ?? "not at all"));
    await server.flush();
    const waits = Number(read(await asker.request(`${prefix}.a`, text(""), { timeoutMs: 5_000.5 })));
    t.ok(Number.isInteger(waits) && waits > 0 && waits <= 5_001, `for ${waits} ms`);
  },

  async "requests are served side by side, each with its own answer"(t, { connect, prefix }) {
    const [asker, server] = [await connect(), await connect()];
    const release: Array<() => void> = [];
    server.serve(`${prefix}.a`, async (message) => {
      const own = gate();
      release.push(own.open);
      await own.passed;
      return message.data;
    });
    await server.flush();
    const asked = ["1", "2", "3"].map((value) => asker.request(`${prefix}.a`, text(value), { timeoutMs }));
    await until(() => release.length === 3);
    for (const open of release.reverse()) open();
    t.same((await Promise.all(asked)).map(read), ["1", "2", "3"]);
  },

  async "without responders a request rejects at once"(t, { connect, prefix }) {
    const bus = await connect();
    await t.rejects(bus.request(`${prefix}.nobody`, text(""), { timeoutMs: 600_000 }), NoResponders);
    const serving = bus.serve(`${prefix}.a`, echo);
    await bus.flush();
    await bus.request(`${prefix}.a`, text(""), { timeoutMs });
    serving.unsubscribe();
    await bus.flush();
    await t.rejects(bus.request(`${prefix}.a`, text(""), { timeoutMs: 600_000 }), NoResponders);
  },

  async "a missing answer is a timeout, and a late one is ignored"(t, { connect, prefix }) {
    const bus = await connect();
    const late = gate();
    bus.serve(`${prefix}.slow`, async (message) => {
      await late.passed;
      return message.data;
    });
    bus.serve(`${prefix}.a`, echo);
    await bus.flush();
    await t.rejects(bus.request(`${prefix}.slow`, text("late"), { timeoutMs: 20 }), RequestTimeout);
    late.open();
    t.equal(read(await bus.request(`${prefix}.a`, text("next"), { timeoutMs })), "next");
  },

  async "a subscriber that does not serve is not an answer"(t, { connect, prefix }) {
    const bus = await connect();
    bus.subscribe(`${prefix}.a`, () => {});
    await bus.flush();
    await t.rejects(bus.request(`${prefix}.a`, text(""), { timeoutMs: 20 }), RequestTimeout);
  },

  async "a failing handler is reported where it runs, and is a RemoteError for the requester"(t, fixture) {
    const { connect, prefix } = fixture;
    const errors: unknown[] = [];
    const [asker, server] = [await connect(), await connect({ onError: (error) => errors.push(error) })];
    const failure = new Error("ล้มเหลว\nsecond line");
    server.serve(`${prefix}.a`, async () => {
      throw failure;
    });
    await server.flush();
    const request = asker.request(`${prefix}.a`, text(""), { timeoutMs });
    await t.rejects(request, { name: "RemoteError", reason: "failed", message: failure.message });
    t.same(errors, [failure]);
  },

  async "an answer above the limit is a RemoteError, a request above it is refused"(t, { connect, prefix }) {
    const errors: unknown[] = [];
    const [asker, server] = [await connect(), await connect({ onError: (error) => errors.push(error) })];
    server.serve(`${prefix}.a`, async () => new Uint8Array(1024 * 1024 + 1));
    await server.flush();
    await t.rejects(asker.request(`${prefix}.a`, text(""), { timeoutMs }), RemoteError);
    t.ok(errors[0] instanceof PayloadTooLarge);
    await t.rejects(asker.request(`${prefix}.a`, new Uint8Array(1024 * 1024 + 1), { timeoutMs }), PayloadTooLarge);
  },

  async "an overloaded server rejects requests at once"(t, { connect, prefix }) {
    const [asker, server] = [await connect(), await connect({ maxPending: 1, onError: () => {} })];
    const busy = gate();
    let running = false;
    server.serve(`${prefix}.a`, async (message) => {
      running = true;
      await busy.passed;
      return message.data;
    });
    await server.flush();
    const first = asker.request(`${prefix}.a`, text("first"), { timeoutMs });
    await until(() => running);
    const second = asker.request(`${prefix}.a`, text("second"), { timeoutMs });
    await t.rejects(second, { name: "RemoteError", reason: "overloaded" });
    busy.open();
    t.equal(read(await first), "first");
  },

  async "of a queue group one member answers, and the group survives a member's close"(t, { connect, prefix }) {
    const [asker, first, second] = [await connect(), await connect(), await connect()];
    const served = { first: 0, second: 0 };
    const count = (who: keyof typeof served) => async () => {
      served[who] += 1;
      return text(who);
    };
    first.serve(`${prefix}.a`, count("first"), { queue: "group" });
    second.serve(`${prefix}.a`, count("second"), { queue: "group" });
    await Promise.all([first.flush(), second.flush()]);
    const asked = Array.from({ length: 100 }, () => asker.request(`${prefix}.a`, text(""), { timeoutMs }));
    await Promise.all(asked);
    t.equal(served.first + served.second, 100);
    t.ok(served.first > 0 && served.second > 0, "the work is shared");
    await first.close();
    for (let index = 0; index < 20; index += 1) {
      t.equal(read(await asker.request(`${prefix}.a`, text(""), { timeoutMs })), "second");
    }
  },

  async "close finishes accepted requests, whose handlers may still send requests"(t, { connect, prefix }) {
    const [asker, server, other] = [await connect(), await connect(), await connect()];
    const busy = gate();
    let running = 0;
    other.serve(`${prefix}.other`, echo);
    server.serve(`${prefix}.a`, async (message) => {
      running += 1;
      await busy.passed;
      const answer = await server.request(`${prefix}.other`, message.data, { timeoutMs });
      return answer.data;
    });
    await Promise.all([server.flush(), other.flush()]);
    const asked = ["1", "2"].map((value) => asker.request(`${prefix}.a`, text(value), { timeoutMs }));
    await until(() => running === 2);
    const closed = server.close();
    t.throws(() => server.subscribe(`${prefix}.b`, () => {}), BusClosed);
    busy.open();
    await closed;
    t.same((await Promise.all(asked)).map(read), ["1", "2"]);
    await t.rejects(asker.request(`${prefix}.a`, text(""), { timeoutMs }), NoResponders);
  },

  async "close does not wait for ever, and ends what is open with BusClosed"(t, { connect, prefix }) {
    const [other, bus] = [await connect(), await connect({ closeTimeoutMs: 20 })];
    const never = gate();
    let calls = 0;
    bus.subscribe(`${prefix}.stuck`, () => {
      calls += 1;
      return never.passed;
    });
    other.subscribe(`${prefix}.mute`, () => {});
    await Promise.all([bus.flush(), other.flush()]);
    other.publish(`${prefix}.stuck`, text(""));
    await until(() => calls === 1);
    const open = t.rejects(bus.request(`${prefix}.mute`, text(""), { timeoutMs: 600_000 }), BusClosed);
    await Promise.all([bus.close(), open]);
    never.open();
    await bus.close();
    t.equal(bus.connected, false);
    t.throws(() => bus.subscribe(`${prefix}.a`, () => {}), BusClosed);
    t.throws(() => bus.serve(`${prefix}.a`, echo), BusClosed);
    await t.rejects(bus.request(`${prefix}.a`, text(""), { timeoutMs }), BusClosed);
    await t.rejects(bus.flush(), BusClosed);
    t.doesNotThrow(() => bus.publish(`${prefix}.a`, text("lost")));
  },

  async "closing one client leaves the others open"(t, { connect, prefix }) {
    const [first, second] = [await connect(), await connect()];
    await first.close();
    t.equal(second.connected, true);
    second.serve(`${prefix}.a`, echo);
    await second.flush();
    t.equal(read(await second.request(`${prefix}.a`, text("still"), { timeoutMs })), "still");
  },
};
