// What an Engine.IO session and a plain WebSocket have in common: queued frames, the send budget, the heartbeat.
import type { Settings } from "../options.js";
import type { Flushable, Flusher } from "./flusher.js";
import type { FrameCoalescer } from "./frame-coalescer.js";
import { type TimerEntry, type TimerWheel, unscheduled } from "./timer-wheel.js";

/** Fewer queued bytes than this are not compared with the budget before the end of the turn. */
const uncheckedBytes = 64 * 1024;

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
  /** All bytes ever pushed: less `bufferedBytes`, how far the kernel or polls have taken them. */
  private pushedBytes = 0;
  protected state: "open" | "closing" | "closed" = "open";
  private heartbeatDueAt: number;
  /** The end, within all bytes pushed, of the ping whose pong is awaited; undefined when none is. */
  private pingEnd: number | undefined;
  /** A pong has come for it. */
  private ponged = false;
  private flushPending = false;
  private overflowed = false;
  private trusted = false;

  /** @param nextPingMs from now to the first ping. */
  constructor(context: Context, nextPingMs = context.settings.pingInterval) {
    this.context = context;
    this.heartbeatDueAt = context.timers.now() + nextPingMs;
  }

  abstract readonly transport: "polling" | "websocket";
  /** Ends the connection after what is queued; the peer gets `code`, the listener `reason`. Later calls do nothing. */
  abstract end(reason: string, code?: number): void;
  /** Hands queued frames to the transport, as far as it takes them now. */
  protected abstract writeQueued(): void;
  /** Bytes handed to the transport that it still holds. */
  protected abstract get unsentBytes(): number;
  protected abstract readonly ping: Buffer;

  /** The largest message, polling body or packet with attachments that the peer may send. */
  get maxPayload(): number {
    const { maxPayload, maxUntrustedPayload } = this.context.settings;
    return this.trusted ? maxPayload : maxUntrustedPayload;
  }

  protected get isTrusted(): boolean {
    return this.trusted;
  }

  /** From now on the peer may send what `maxPayload` allows. */
  trust(): void {
    this.trusted = true;
    this.limitMessages();
  }

  /** Makes the transport, if it checks the size of messages, use `maxPayload`. */
  protected abstract limitMessages(): void;

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
    this.pushedBytes += frame.length;
    const { sendBudget } = this.context.settings;
    if (this.queuedBytes > Math.min(uncheckedBytes, sendBudget) && this.bufferedBytes > sendBudget) {
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

  /** Appends a frame to the queue, whatever the state. Its bytes do not count as pushed. */
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

  /** On the timers' clock: when the next ping is due; one interval after a ping that has not been answered. */
  protected get nextPingAt(): number {
    const { pingInterval, pingTimeout } = this.context.settings;
    return this.pingEnd === undefined ? this.heartbeatDueAt : this.heartbeatDueAt - pingTimeout + pingInterval;
  }

  onDue(now: number): void {
    if (now >= this.heartbeatDueAt) {
      if (this.pingEnd === undefined) this.sendPing(now);
      else if (this.isAnswered(this.pingEnd)) this.awaitNextPing();
      else {
        this.onPingTimeout();
        return;
      }
    }
    this.reschedule();
  }

  /** The peer is gone. */
  protected onPingTimeout(): void {
    this.end("ping timeout");
  }

  private sendPing(now: number): void {
    this.heartbeatDueAt = now + this.context.settings.pingTimeout;
    this.push(this.ping);
    this.pingEnd = this.pushedBytes;
  }

  private awaitNextPing(): void {
    this.pingEnd = undefined;
    this.ponged = false;
    this.heartbeatDueAt = this.context.timers.now() + this.context.settings.pingInterval;
  }

  /**
   * Whether the ping that ends at `pingEnd` has its pong. A peer that reads nothing may send pongs all the same: one counts
   * only once the ping has been taken. That may show late, since a write is known to be taken only as a whole.
   */
  private isAnswered(pingEnd: number): boolean {
    return this.ponged && this.pushedBytes - this.bufferedBytes >= pingEnd;
  }

  protected onPong(): void {
    if (this.pingEnd === undefined || this.state !== "open") return;
    this.ponged = true;
    if (!this.isAnswered(this.pingEnd)) return;
    this.awaitNextPing();
    this.reschedule();
  }
}
