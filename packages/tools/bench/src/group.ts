// Sockets of one kind of server: opened together, sent to, counted.
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome, Place, Steps } from "./crowd-process.js";
import { inParallel } from "./in-parallel.js";
import { LiveSocket } from "./live-socket.js";
import type { Publisher } from "./publishers.js";
import { percentile } from "./statistics.js";
import { type Position, Tally } from "./tally.js";
import { sharedNow } from "./worker.js";

interface Member {
  readonly socket: LiveSocket;
  readonly position: Position;
}

/** Sockets that connect at the same time. */
const atOnce = 64;
/** Long enough for a duplicate to arrive. */
const lingerMs = 300;

export class Group {
  publisher: Publisher | undefined;
  readonly #tally = new Tally();
  readonly #members: Member[] = [];
  /** Sockets in each room. */
  readonly #rooms = new Map<string, number>();
  /** Expected deliveries of all published messages. */
  #expected = 0;
  /** The number of each room's newest message. */
  readonly #heads = new Map<string, number>();
  /** When each message was published, by room and number; kept only while latencies are taken. */
  #published: Map<string, Map<number, number>> | undefined;
  #latencies: number[] = [];
  #messages = 0;
  #deliveredBefore = 0;
  #startedAt = 0;

  /** Begins a new task: `outcome` counts from here. */
  begin(): void {
    this.#messages = 0;
    this.#deliveredBefore = this.#tally.delivered;
    this.#latencies = [];
    this.#startedAt = sharedNow();
  }

  outcome(): Outcome {
    const endedAt = sharedNow();
    const part = (share: number): number => percentile(this.#latencies, share);
    return {
      messages: this.#messages,
      deliveries: this.#tally.delivered - this.#deliveredBefore,
      seconds: (endedAt - this.#startedAt) / 1000,
      startedAt: this.#startedAt,
      endedAt,
      fewestPings: this.#members.reduce(
        (fewest, { socket }) => Math.min(fewest, socket.pings),
        Number.MAX_SAFE_INTEGER,
      ),
      ...(this.#latencies.length > 0 ? { latency: { p50: part(0.5), p99: part(0.99), p999: part(0.999) } } : {}),
    };
  }

  async open(places: readonly Place[]): Promise<void> {
    await inParallel(atOnce, places, async ({ url, steps, roomId }) => {
      const position = { next: 1 };
      const socket = await LiveSocket.open(url, {
        onMessage: (number) => this.#onMessage(roomId, position, number),
        onBroken: (reason) => this.#tally.broken.push(reason),
      });
      this.#members.push({ socket, position });
      this.#rooms.set(roomId, (this.#rooms.get(roomId) ?? 0) + 1);
      for (const [event, argument] of steps) await socket.ask(event, argument);
    });
  }

  #onMessage(roomId: string, position: Position, number: number): void {
    const published = this.#published?.get(roomId)?.get(number);
    if (published !== undefined && number === position.next) this.#latencies.push(performance.now() - published);
    this.#tally.take(position, number);
  }

  async step([event, argument]: Steps[number]): Promise<void> {
    await inParallel(atOnce, this.#members, ({ socket }) => socket.ask(event, argument));
  }

  /** Publishes messages and counts the deliveries expected of them. */
  #publish(roomId: string, count: number): void {
    this.publisher?.publish(roomId, count);
    this.#note(roomId, count);
  }

  #note(roomId: string, count: number): void {
    this.#messages += count;
    this.#heads.set(roomId, (this.#heads.get(roomId) ?? 0) + count);
    this.#expected += count * (this.#rooms.get(roomId) ?? 0);
  }

  async waves(roomId: string, burst: number, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    do {
      this.#publish(roomId, burst);
      await this.#tally.reach(this.#expected);
    } while (performance.now() < end);
  }

  /** Latency is measured from when a message was published, not from when it was due: delays of the load generator do not count. */
  async steady(rate: number, seconds: number): Promise<void> {
    const roomIds = [...this.#rooms.keys()];
    this.#published = new Map(roomIds.map((roomId) => [roomId, new Map()]));
    const started = performance.now();
    const count = Math.round(rate * seconds);
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, ((performance.now() - started) / 1000) * rate);
      for (; sent < due; sent++) {
        const roomId = roomIds[sent % roomIds.length]!;
        const next = (this.#heads.get(roomId) ?? 0) + 1;
        this.#published.get(roomId)!.set(next, performance.now());
        this.#publish(roomId, 1);
      }
      await sleep(1);
    }
    await this.#tally.reach(this.#expected);
    this.#published = undefined;
  }

  async guest({ url, steps, roomId, userId }: Place): Promise<void> {
    const guest = await LiveSocket.open(url, { onMessage: () => {}, onBroken: () => {} });
    for (const [event, argument] of steps) await guest.ask(event, argument);
    this.#publish(roomId, 1);
    await this.#tally.reach(this.#expected);
    this.publisher?.publishLeft(roomId, userId);
    this.#note(roomId, 1);
    await this.#tally.reach(this.#expected);
    guest.close();
    this.#publish(roomId, 1);
    await this.#tally.reach(this.#expected);
  }

  async await(each: number): Promise<void> {
    this.#expected = each * this.#members.length;
    await this.#tally.reach(this.#expected);
  }

  async check(): Promise<void> {
    await sleep(lingerMs);
    this.#tally.check(this.#expected);
  }

  async close(): Promise<void> {
    for (const { socket } of this.#members) socket.close();
    await this.publisher?.close();
  }
}
