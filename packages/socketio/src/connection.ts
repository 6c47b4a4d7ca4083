// What an Engine.IO session and a plain WebSocket have in common: frames waiting to go out, their budget, the heartbeat.
import type { Dirty } from "./flusher.js";
import type { Hub } from "./hub.js";
import { type Timed, unscheduled } from "./wheel.js";

/** Takes what a connection carries. */
export interface Receiver {
  onText(text: string): void;
  onBinary(data: Buffer): void;
  /** Exactly once, when nothing more will come. */
  onEnd(reason: string): void;
}

export abstract class Connection implements Dirty, Timed {
  slot = unscheduled;
  dueAt = 0;
  receiver: Receiver | undefined;
  protected readonly hub: Hub;
  /** What waits to be written: most often nothing or a single frame, for which no list is made. */
  private waiting: Buffer | Buffer[] | undefined;
  protected queuedBytes = 0;
  protected state: "open" | "closing" | "closed" = "open";
  private beatAt: number;
  private awaitingPong = false;
  private dirty = false;
  private overflowed = false;

  constructor(hub: Hub) {
    this.hub = hub;
    this.beatAt = hub.wheel.now() + hub.settings.pingInterval;
  }

  abstract readonly transport: "polling" | "websocket";
  /** Ends the connection after what is queued; the peer gets `code`, the receiver `reason`. Once; later calls do nothing. */
  abstract end(reason: string, code?: number): void;
  /** Hands queued frames to the transport, as far as it takes them now. */
  protected abstract drain(): void;
  /** Bytes handed to the transport that it still holds. */
  protected abstract get unsent(): number;
  protected abstract readonly ping: Buffer;

  get open(): boolean {
    return this.state === "open" && !this.overflowed;
  }

  get bufferedBytes(): number {
    return this.queuedBytes + this.unsent;
  }

  /** Queues one frame for this turn's write. Never calls the receiver: an overflow closes in the flush. */
  push(frame: Buffer): void {
    if (!this.open) return;
    this.enqueue(frame);
    if (this.queuedBytes > this.hub.settings.sendBudget) {
      // A burst within one turn is no fault of the peer: let the transport have it before judging.
      this.drain();
      this.judge();
    }
    if (this.dirty) return;
    this.dirty = true;
    this.hub.flusher.add(this);
  }

  /** A peer that has left more than the budget is not keeping up: nothing more is kept for it. */
  private judge(): void {
    if (this.bufferedBytes <= this.hub.settings.sendBudget) return;
    this.overflowed = true;
    this.takeFrames();
  }

  flush(): void {
    this.dirty = false;
    if (this.state !== "open") return;
    if (!this.overflowed && this.waiting !== undefined) {
      this.drain();
      this.judge();
    }
    if (this.overflowed) this.end("slow consumer", this.hub.settings.slowConsumerCode);
  }

  protected get hasFrames(): boolean {
    return this.waiting !== undefined;
  }

  /** Puts a frame behind those that wait, whatever the state. */
  protected enqueue(frame: Buffer): void {
    if (this.waiting === undefined) this.waiting = frame;
    else if (Buffer.isBuffer(this.waiting)) this.waiting = [this.waiting, frame];
    else this.waiting.push(frame);
    this.queuedBytes += frame.length;
  }

  /** All that waits, at least one frame; nothing waits afterwards. */
  protected takeFrames(): Buffer | Buffer[] {
    const frames = this.waiting ?? [];
    this.waiting = undefined;
    this.queuedBytes = 0;
    return frames;
  }

  /** Schedules the next heartbeat, or `notLaterThan` (on the wheel's clock) if that comes first. */
  protected rearm(notLaterThan = Number.POSITIVE_INFINITY): void {
    const { wheel } = this.hub;
    wheel.schedule(this, Math.min(this.beatAt, notLaterThan) - wheel.now());
  }

  onDue(now: number): void {
    if (now >= this.beatAt) {
      if (this.awaitingPong) {
        this.end("ping timeout");
        return;
      }
      this.awaitingPong = true;
      this.beatAt = now + this.hub.settings.pingTimeout;
      this.push(this.ping);
    }
    this.rearm();
  }

  protected onPong(): void {
    if (!this.awaitingPong || this.state !== "open") return;
    this.awaitingPong = false;
    this.beatAt = this.hub.wheel.now() + this.hub.settings.pingInterval;
    this.rearm();
  }
}
