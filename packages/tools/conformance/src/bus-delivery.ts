// The guarantees of publish and subscribe, as cases of the conformance suite.
import { setImmediate as turn } from "node:timers/promises";
import { type Bus, type BusMessage, PayloadTooLarge, SlowConsumer } from "@khui/bus";
import type { Test } from "tap";
import type { ConformanceCase } from "./bus-case.js";

export const text = (value: string): Uint8Array => Buffer.from(value);
export const read = (message: BusMessage): string => Buffer.from(message.data).toString();

/** Resolves once `condition` holds; the test's own timeout bounds the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Collects the messages of a subject, and waits for the n-th. */
function collect(bus: Bus, subject: string, queue?: string) {
  const got: string[] = [];
  const subscription = bus.subscribe(subject, (message) => void got.push(read(message)), queue ? { queue } : {});
  return { got, subscription, count: (n: number) => until(() => got.length >= n) };
}

export const deliveryCases: Record<string, (t: Test, fixture: ConformanceCase) => Promise<void>> = {
  async "a message reaches every subscriber with its subject, bytes and headers"(t, { connect, prefix }) {
    const [alice, bob] = [await connect(), await connect()];
    const got: BusMessage[] = [];
    alice.subscribe(`${prefix}.a`, (message) => void got.push(message));
    bob.subscribe(`${prefix}.a`, (message) => void got.push(message));
    await Promise.all([alice.flush(), bob.flush()]);
    alice.publish(`${prefix}.a`, new Uint8Array([0, 255, 13, 10]), { "x-request-id": " คุย ", Upper: "b:c" });
    await until(() => got.length === 2);
    for (const message of got) {
      t.equal(message.subject, `${prefix}.a`);
      t.same([...message.data], [0, 255, 13, 10]);
      t.same(message.headers, { "x-request-id": "คุย", Upper: "b:c" });
    }
  },

  async "delivery is never synchronous"(t, { connect, prefix }) {
    const bus = await connect();
    const { got, count } = collect(bus, `${prefix}.a`);
    await bus.flush();
    bus.publish(`${prefix}.a`, text("x"));
    t.same(got, []);
    await count(1);
  },

  async "each receiver has its own bytes and headers"(t, { connect, prefix }) {
    const bus = await connect();
    const got: string[] = [];
    for (const subject of [`${prefix}.a`, `${prefix}.*`]) {
      bus.subscribe(subject, (message) => {
        got.push(`${read(message)} ${message.headers.h}`);
        message.data.fill(0);
        Object.assign(message.headers, { h: "changed" });
      });
    }
    await bus.flush();
    const data = text("whole");
    bus.publish(`${prefix}.a`, data, { h: "kept" });
    await until(() => got.length === 2);
    t.same(got, ["whole kept", "whole kept"]);
    t.equal(Buffer.from(data).toString(), "whole", "the publisher's bytes are untouched");
  },

  async "messages of one publisher on one subject arrive in order"(t, { connect, prefix }) {
    const [publisher, subscriber] = [await connect(), await connect()];
    const { got, count } = collect(subscriber, `${prefix}.a`);
    await subscriber.flush();
    const sent = Array.from({ length: 2000 }, (_, index) => String(index));
    for (const value of sent) publisher.publish(`${prefix}.a`, text(value));
    await count(sent.length);
    t.same(got, sent);
  },

  async "a slow handler does not hold back the next message"(t, { connect, prefix }) {
    const bus = await connect();
    const got: string[] = [];
    let release = (): void => {};
    bus.subscribe(`${prefix}.a`, async (message) => {
      got.push(read(message));
      if (read(message) === "slow") await new Promise<void>((resolve) => (release = resolve));
    });
    await bus.flush();
    bus.publish(`${prefix}.a`, text("slow"));
    bus.publish(`${prefix}.a`, text("next"));
    await until(() => got.length === 2);
    release();
    t.same(got, ["slow", "next"]);
  },

  async "wildcards take one token, or all that follow"(t, { connect, prefix }) {
    const bus = await connect();
    const one = collect(bus, `${prefix}.*.z`);
    const rest = collect(bus, `${prefix}.>`);
    const marker = collect(bus, `${prefix}.end`);
    await bus.flush();
    for (const subject of ["a.z", "a.b.z", "a", "b.z", "end"]) bus.publish(`${prefix}.${subject}`, text(subject));
    bus.publish(prefix, text("no token follows"));
    await Promise.all([marker.count(1), rest.count(5)]);
    await bus.flush();
    t.same(one.got, ["a.z", "b.z"]);
    t.same(rest.got, ["a.z", "a.b.z", "a", "b.z", "end"]);
  },

  async "of a queue group one member gets each message, of others all do"(t, { connect, prefix }) {
    const [publisher, first, second] = [await connect(), await connect(), await connect()];
    const members = [collect(first, `${prefix}.a`, "group"), collect(second, `${prefix}.a`, "group")];
    const other = collect(second, `${prefix}.a`, "other");
    const plain = collect(first, `${prefix}.a`);
    await Promise.all([first.flush(), second.flush()]);
    for (let index = 0; index < 200; index += 1) publisher.publish(`${prefix}.a`, text(String(index)));
    await Promise.all([plain.count(200), other.count(200)]);
    await until(() => members.reduce((sum, member) => sum + member.got.length, 0) >= 200);
    const shares = members.map((member) => member.got.length);
    t.equal(new Set(members.flatMap((member) => member.got)).size, 200, "each came once");
    t.equal(shares[0]! + shares[1]!, 200);
    t.ok(
      shares.every((share) => share > 0),
      "the work is shared",
    );
  },

  async "after unsubscribe returns the handler is not called again"(t, { connect, prefix }) {
    const [publisher, bus] = [await connect(), await connect()];
    const got: string[] = [];
    const subscription = bus.subscribe(`${prefix}.a`, (message) => {
      got.push(read(message));
      subscription.unsubscribe();
    });
    const marker = collect(bus, `${prefix}.a`);
    await bus.flush();
    for (const value of ["1", "2", "3"]) publisher.publish(`${prefix}.a`, text(value));
    await marker.count(3);
    t.same(got, ["1"]);
    subscription.unsubscribe();
  },

  async "a handler's failure is reported, sync or async, and later messages still come"(t, { connect, prefix }) {
    const errors: Array<[unknown, string]> = [];
    const bus = await connect({ onError: (error, subject) => errors.push([error, subject]) });
    const failure = { sync: new Error("sync"), async: new Error("async") };
    const got: string[] = [];
    bus.subscribe(`${prefix}.*`, (message) => {
      got.push(read(message));
      if (read(message) === "sync") throw failure.sync;
      if (read(message) === "async") return Promise.reject(failure.async);
    });
    await bus.flush();
    for (const value of ["sync", "async", "fine"]) bus.publish(`${prefix}.${value}`, text(value));
    await until(() => got.length === 3 && errors.length === 2);
    t.same(errors, [
      [failure.sync, `${prefix}.sync`],
      [failure.async, `${prefix}.async`],
    ]);
  },

  async "beyond its bound a subscription drops messages, reports it once, and recovers"(t, { connect, prefix }) {
    const errors: unknown[] = [];
    const bus = await connect({ maxPending: 10, onError: (error) => errors.push(error) });
    const marker = await connect();
    const got: string[] = [];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    bus.subscribe(`${prefix}.a`, (message) => {
      got.push(read(message));
      return gate;
    });
    const end = collect(bus, `${prefix}.end`);
    await bus.flush();
    for (let index = 0; index < 100; index += 1) marker.publish(`${prefix}.a`, text(String(index)));
    marker.publish(`${prefix}.end`, text(""));
    await end.count(1);
    await until(() => got.length === 10);
    t.equal(errors.length, 1);
    t.ok(errors[0] instanceof SlowConsumer);
    t.same([bus.dropped.received, marker.dropped.received], [90, 0]);
    open();
    await turn();
    marker.publish(`${prefix}.a`, text("again"));
    await until(() => got.length === 11);
    t.equal(got[10], "again");
  },

  async "the bytes in hand are bounded too"(t, { connect, prefix }) {
    const errors: unknown[] = [];
    const bus = await connect({ maxPendingBytes: 1000, onError: (error) => errors.push(error) });
    let calls = 0;
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    bus.subscribe(`${prefix}.a`, () => {
      calls += 1;
      return gate;
    });
    const end = collect(bus, `${prefix}.end`);
    await bus.flush();
    for (let index = 0; index < 5; index += 1) bus.publish(`${prefix}.a`, new Uint8Array(400));
    bus.publish(`${prefix}.end`, text(""));
    await end.count(1);
    await until(() => calls === 2);
    open();
    t.ok(errors[0] instanceof SlowConsumer);
    t.equal(errors.length, 1);
  },

  async "a payload above the limit is refused, one at the limit passes"(t, { connect, prefix }) {
    const bus = await connect();
    const sizes: number[] = [];
    bus.subscribe(`${prefix}.a`, (message) => void sizes.push(message.data.length));
    await bus.flush();
    const limit = 1024 * 1024;
    t.throws(() => bus.publish(`${prefix}.a`, new Uint8Array(limit + 1)), PayloadTooLarge);
    t.throws(() => bus.publish(`${prefix}.a`, new Uint8Array(limit), { h: "too much" }), PayloadTooLarge);
    bus.publish(`${prefix}.a`, new Uint8Array(limit));
    await until(() => sizes.length === 1);
    t.same(sizes, [limit]);
  },

  async "malformed subjects, queues and headers are refused"(t, { connect, prefix }) {
    const bus = await connect();
    const bad = ["", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB b 0", "ห้อง", "a\u0000", "x".repeat(1025)];
    for (const subject of [...bad, "a.*", "a.>"]) {
      t.throws(() => bus.publish(subject, text("")), TypeError, JSON.stringify(subject.slice(0, 20)));
      await t.rejects(bus.request(subject, text(""), { timeoutMs: 10 }), TypeError);
    }
    for (const subject of [...bad, "a.>.b", "a*"]) t.throws(() => bus.subscribe(subject, () => {}), TypeError);
    t.throws(() => bus.subscribe(`${prefix}.a`, () => {}, { queue: "two words" }), TypeError);
    t.throws(() => bus.publish(`${prefix}.a`, text(""), { "a:b": "c" }), TypeError);
    t.throws(() => bus.publish(`${prefix}.a`, text(""), { a: "b\r\nc: d" }), TypeError);
  },
};
