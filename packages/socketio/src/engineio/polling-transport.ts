// The polling transport of one session: the GET that waits, the one POST at a time, and when the next GET is due.
import type { ConnectionContext } from "../connection/connection.js";
import { closePacket } from "./packets.js";
import { type PollingExchange, textPlain } from "./polling-exchange.js";
import { encodePayload } from "./polling-payload.js";

/** A response stops growing here, so that a relayed one fits a message of the bus; the next poll gets the rest. */
const maxResponseBytes = 256 * 1024;
/** The slowest client that is waited for: 16 KiB per second. */
const minBytesPerMs = 16;

/** Receives the events of one PollingTransport. */
export interface PollingListener {
  /** The client disconnected from the waiting poll. */
  onPollAbandoned(): void;
  /** A response of `bytes` was flushed. */
  onPollAnswered(bytes: number): void;
}

export class PollingTransport {
  /** Bytes of frames in responses that the kernel has not taken. */
  unsentBytes = 0;
  /** On the timers' clock: when the next poll must have come. Infinity while one waits or is being answered. */
  pollDueAt = Number.POSITIVE_INFINITY;
  /** Whether a POST is in progress. */
  posting = false;
  readonly #context: ConnectionContext;
  readonly #listener: PollingListener;
  #waiting: PollingExchange | undefined;

  constructor(context: ConnectionContext, listener: PollingListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** The poll that waits for something to send. */
  get waiting(): PollingExchange | undefined {
    return this.#waiting;
  }

  /** Sets the deadline of the next poll, after a response of `bytes`. */
  expectPoll(bytes: number): void {
    this.pollDueAt = this.#context.timers.now() + this.#context.settings.pollTimeout + bytes / minBytesPerMs;
  }

  /** No further poll is expected, for now or ever. */
  expectNoPoll(): void {
    this.pollDueAt = Number.POSITIVE_INFINITY;
  }

  /** Keeps a poll until there is something to send. */
  hold(poll: PollingExchange): void {
    this.#waiting = poll;
    poll.onAbandoned(() => {
      if (this.#waiting !== poll) return;
      this.#waiting = undefined;
      this.#listener.onPollAbandoned();
    });
  }

  /** Takes the waiting poll, if there is one; the caller responds to it. */
  takeWaiting(): PollingExchange | undefined {
    const poll = this.#waiting;
    this.#waiting = undefined;
    return poll;
  }

  /** Responds with as many frames as fit, at least one; returns the rest. */
  respond(poll: PollingExchange, frames: Buffer[]): Buffer[] {
    const count = countForOneResponse(frames);
    const sent = frames.slice(0, count);
    const bytes = sent.reduce((sum, frame) => sum + frame.length, 0);
    const body = encodePayload(sent);
    this.unsentBytes += bytes;
    poll.respond(200, textPlain, body, () => {
      this.unsentBytes -= bytes;
      this.#listener.onPollAnswered(body.length);
    });
    return frames.slice(count);
  }
}

function countForOneResponse(frames: readonly Buffer[]): number {
  let count = 0;
  let bytes = 0;
  for (const frame of frames) {
    // A client that finds the close packet next to others closes before it has handled them.
    if (count > 0 && (frame === closePacket || bytes + frame.length > maxResponseBytes)) break;
    count += 1;
    bytes += frame.length;
  }
  return count;
}
