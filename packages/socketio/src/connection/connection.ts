// What an Engine.IO session and a plain WebSocket have in common: queued frames, the send budget, the heartbeat.
import type { Settings } from "../options.js";
import type { Flushable, Flusher } from "./flusher.js";
import type { FrameCoalescer } from "./frame-coalescer.js";
import { type TimerEntry, type TimerWheel, unscheduled } from "./timer-wheel.js";

/** What every connection uses of its engine. */
export interface ConnectionContext {
  readonly settings: Settings;
  readonly timers: TimerWheel;
  readonly flusher: Flusher;
  readonly coalescer: FrameCoalescer;
}

/** Receives the messages of a connection. */
export interface ConnectionListener {
  onText(text: string): void;
  onBinary(data: Buffer): void;
  /** Called exactly once, when no more messages will come. */
  onEnd(reason: string): void;
}

export abstract class Connection<Context extends ConnectionContext = ConnectionContext>
  implements Flushable, TimerEntry
{
  slot = unscheduled;
  dueAt = 0;
  listener: ConnectionListener | undefined;
  protected readonly context: Context;
  /** Frames to be written: usually none or one, for which no array is allocated. */
  private queued: Buffer | Buffer[] | undefined;
  protected queuedBytes = 0;
  protected state: "open" | "closing" | "closed" = "open";
  private heartbeatDueAt: number;
  private awaitingPong = false;
  private flushPending = false;
  private overflowed = false;

  constructor(context: Context) {
    this.context = context;
    this.heartbeatDueAt = context.timers.now() + context.settings.pingInterval;
  }

  abstract readonly transport: "polling" | "websocket";
  /** Ends the connection after what is queued; the peer gets `code`, the listener `reason`. Later calls do nothing. */
  abstract end(reason: string, code?: number): void;
  /** Hands queued frames to the transport, as far as it takes them now. */
  protected abstract writeQueued(): void;
  /** Bytes handed to the transport that it still holds. */
  protected abstract get unsentBytes(): number;
  protected abstract readonly ping: Buffer;

  get open(): boolean {
    return this.state === "open" && !this.overflowed;
  }

  get bufferedBytes(): number {
    return this.queuedBytes + this.unsentBytes;
  }

  /** Queues one frame for this turn's write. Never calls the listener: an overflow closes in the flush. */
  push(frame: Buffer): void {
    if (!this.open) return;
    this.enqueue(frame);
    if (this.queuedBytes > this.context.settings.sendBudget) {
      // A burst within one turn is not the peer's fault: let the transport take it before checking the budget.
      this.writeQueued();
      this.enforceBudget();
    }
    if (this.flushPending) return;
    this.flushPending = true;
    this.context.flusher.add(this);
  }

  /** A peer that leaves more than the budget unread is a slow consumer: nothing more is kept for it. */
  private enforceBudget(): void {
    if (this.bufferedBytes <= this.context.settings.sendBudget) return;
    this.overflowed = true;
    this.takeFrames();
  }

  flush(): void {
    this.flushPending = false;
    if (this.state !== "open") return;
    if (!this.overflowed && this.queued !== undefined) {
      this.writeQueued();
      this.enforceBudget();
    }
    if (this.overflowed) this.end("slow consumer", this.context.settings.slowConsumerCode);
  }

  protected get hasFrames(): boolean {
    return this.queued !== undefined;
  }

  /** Appends a frame to the queue, whatever the state. */
  protected enqueue(frame: Buffer): void {
    if (this.queued === undefined) this.queued = frame;
    else if (Buffer.isBuffer(this.queued)) this.queued = [this.queued, frame];
    else this.queued.push(frame);
    this.queuedBytes += frame.length;
  }

  /** Empties the queue and returns what was in it: a single frame, or an array of any length. */
  protected takeFrames(): Buffer | Buffer[] {
    const frames = this.queued ?? [];
    this.queued = undefined;
    this.queuedBytes = 0;
    return frames;
  }

  /** Schedules the next heartbeat, or `notLaterThan` (on the timers' clock) if that comes first. */
  protected reschedule(notLaterThan = Number.POSITIVE_INFINITY): void {
    const { timers } = this.context;
    timers.schedule(this, Math.min(this.heartbeatDueAt, notLaterThan) - timers.now());
  }

  onDue(now: number): void {
    if (now >= this.heartbeatDueAt) {
      if (this.awaitingPong) {
        this.end("ping timeout");
        return;
      }
      this.awaitingPong = true;
      this.heartbeatDueAt = now + this.context.settings.pingTimeout;
      this.push(this.ping);
    }
    this.reschedule();
  }

  protected onPong(): void {
    if (!this.awaitingPong || this.state !== "open") return;
    this.awaitingPong = false;
    this.heartbeatDueAt = this.context.timers.now() + this.context.settings.pingInterval;
    this.reschedule();
  }
}
