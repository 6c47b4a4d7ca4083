// When a pong counts: once its ping has been taken, which may show only after the pong has come.
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { Connection } from "../src/connection/connection.js";
import { Flusher } from "../src/connection/flusher.js";
import { FrameCoalescer } from "../src/connection/frame-coalescer.js";
import { TimerWheel } from "../src/connection/timer-wheel.js";
import { resolveOptions } from "../src/options.js";

/** A connection whose transport takes only what it is told to. */
class StuckConnection extends Connection {
  readonly transport = "websocket";
  protected readonly ping = Buffer.from("ping");
  unsentBytes = 0;
  pings = 0;
  ended: string | undefined;

  constructor(timing: { pingInterval: number; pingTimeout: number }) {
    super({
      settings: resolveOptions(timing),
      timers: new TimerWheel(10),
      flusher: new Flusher(),
      coalescer: new FrameCoalescer(),
    });
    this.reschedule();
  }

  protected writeQueued(): void {
    this.unsentBytes += this.queuedBytes;
    for (const frame of [this.takeFrames()].flat()) if (frame === this.ping) this.pings += 1;
  }

  protected limitMessages(): void {}

  end(reason: string): void {
    this.state = "closed";
    this.context.timers.cancel(this);
    this.ended = reason;
  }

  pong(): void {
    this.onPong();
  }
}

test("a pong does not count while its ping, or what is before it, has not been taken", async (t) => {
  const connection = new StuckConnection({ pingInterval: 20, pingTimeout: 200 });
  connection.push(Buffer.alloc(1_000));
  await until("a ping", () => connection.pings === 1);
  connection.unsentBytes -= 1_000;
  connection.pong();
  await until("its end", () => connection.ended !== undefined);
  t.equal(connection.ended, "ping timeout");
  t.equal(connection.pings, 1);
});

test("a pong that came early counts at the deadline, if the ping has been taken by then", async (t) => {
  const connection = new StuckConnection({ pingInterval: 20, pingTimeout: 3_000 });
  await until("a ping", () => connection.pings === 1);
  connection.pong();
  connection.unsentBytes = 0;
  await until("the next ping", () => connection.pings === 2);
  connection.unsentBytes = 0;
  connection.pong();
  await until("and the next", () => connection.pings === 3);
  t.equal(connection.ended, undefined);
  connection.end("over");
});
