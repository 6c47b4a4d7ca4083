// The process of a herd: opens its sockets some at a time, and takes them through their steps.
import { FrameSocket } from "../frame-socket.js";
import { inParallel } from "../in-parallel.js";
import { serveTasks, sharedNow } from "../worker.js";
import type { HerdResult, HerdTask, Step, Visitor } from "./herd-tasks.js";

/** Sockets that take their steps at the same time, in each process. */
const atOnce = 64;
const stepMs = 60_000;

class Guest {
  readonly visitor: Visitor;
  readonly #socket: FrameSocket;
  #ended: string | undefined;
  #waiting: { readonly expect: string; resolve(): void; reject(error: Error): void } | undefined;

  constructor(visitor: Visitor) {
    this.visitor = visitor;
    this.#socket = new FrameSocket(visitor.address, {
      onText: (data, start, end) => this.#onText(data, start, end),
      onEnd: (reason) => {
        this.#ended = reason;
        this.#waiting?.reject(new Error(reason));
      },
    });
  }

  get bytes(): number {
    return this.#socket.bytes;
  }

  async take(steps: readonly Step[]): Promise<void> {
    for (const { send, expect } of steps) {
      await new Promise<void>((resolve, reject) => {
        if (this.#ended !== undefined) return reject(new Error(this.#ended));
        const late = setTimeout(() => reject(new Error(`no ${expect} in ${stepMs} ms`)), stepMs);
        const done = (settle: () => void) => () => {
          clearTimeout(late);
          this.#waiting = undefined;
          settle();
        };
        this.#waiting = { expect, resolve: done(resolve), reject: (error) => done(() => reject(error))() };
        if (send !== "") this.#socket.send(send);
      });
    }
  }

  close(): void {
    this.#socket.close();
  }

  #onText(data: Buffer, start: number, end: number): void {
    const { heartbeat, refusal } = this.visitor;
    const begins = (text: string): boolean =>
      data.toString("latin1", start, Math.min(end, start + text.length)) === text;
    if (end - start === heartbeat[0].length && begins(heartbeat[0])) this.#socket.send(heartbeat[1]);
    else if (this.#waiting && begins(this.#waiting.expect)) this.#waiting.resolve();
    else if (begins(refusal)) this.#waiting?.reject(new Error(`refused: ${data.toString("utf8", start, end)}`));
  }
}

let guests: Guest[] = [];

async function work(task: HerdTask): Promise<HerdResult> {
  const startedAt = sharedNow();
  if (task.task === "sign in") {
    await inParallel(atOnce, task.visitors, (visitor) => {
      const guest = new Guest(visitor);
      guests.push(guest);
      return guest.take(visitor.signIn);
    });
  } else if (task.task === "join") await inParallel(atOnce, guests, (guest) => guest.take(guest.visitor.join));
  else if (task.task === "close") {
    for (const guest of guests) guest.close();
    guests = [];
  }
  return { startedAt, endedAt: sharedNow(), bytes: guests.reduce((total, { bytes }) => total + bytes, 0) };
}

serveTasks(work);
