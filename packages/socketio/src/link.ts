// One WebSocket: what ws reads from it, and the raw stream that frames are written to.
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { Gatherer } from "./flusher.js";

/** Who a link's messages are for. */
export interface LinkOwner {
  onLinkMessage(data: Buffer, isBinary: boolean): void;
  onLinkPong(): void;
  /** Exactly once, whoever closed. */
  onLinkClose(): void;
}

/**
 * A ws WebSocket that knows its owner, so that listeners are shared functions and not closures of every socket.
 *
 * Frames are written to the raw stream, past ws's Sender. That is safe because compression is off: Sender then writes
 * its own frames (pong, close) whole within one call, and so do we, so neither can land inside the other's.
 */
export class Link extends WebSocket {
  owner: LinkOwner | undefined;
  raw: Duplex | undefined;
  #all: Set<Link> | undefined;

  /** Takes its place among `all` links until it closes. No closure is made: one would keep the upgrade request alive. */
  adopt(raw: Duplex, owner: LinkOwner, all: Set<Link>): void {
    this.raw = raw;
    this.owner = owner;
    this.#all = all;
    all.add(this);
    this.on("message", passMessage);
    this.on("pong", passPong);
    this.on("close", passClose);
    // ws closes the link after an error by itself; without a listener the error would be thrown.
    this.on("error", ignore);
  }

  get unsent(): number {
    return this.raw?.writableLength ?? 0;
  }

  /** Forgets the link among all. */
  forget(): void {
    this.#all?.delete(this);
  }

  /** Writes `frames` at once. `frames` must not change afterwards. */
  write(frames: Buffer | readonly Buffer[], bytes: number, gatherer: Gatherer): void {
    const raw = this.raw;
    // After ws has sent a close frame nothing may follow it.
    if (raw === undefined || this.readyState !== WebSocket.OPEN) return;
    if (Buffer.isBuffer(frames)) {
      raw.write(frames);
      return;
    }
    const chunk = gatherer.join(frames, bytes);
    if (chunk !== undefined) {
      raw.write(chunk);
      return;
    }
    raw.cork();
    for (const frame of frames) raw.write(frame);
    raw.uncork();
  }

  /** Closes with a code; `reason` is cut to the 123 bytes of a control frame (RFC 6455 section 5.5). */
  finish(code: number, reason: string): void {
    this.close(code, cutText(reason, 123));
  }
}

function passMessage(this: WebSocket, data: WebSocket.RawData, isBinary: boolean): void {
  // nodebuffer, the binaryType of every link, never delivers the other two shapes of RawData.
  if (this instanceof Link && Buffer.isBuffer(data)) this.owner?.onLinkMessage(data, isBinary);
}

function passPong(this: WebSocket): void {
  if (this instanceof Link) this.owner?.onLinkPong();
}

function passClose(this: WebSocket): void {
  if (!(this instanceof Link)) return;
  this.forget();
  this.owner?.onLinkClose();
}

function ignore(): void {}

function cutText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  // A character cut in half decodes to U+FFFD, which is longer than what it replaces.
  return Buffer.from(text)
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD+$/, "");
}

/** Whether a WebSocket may send this code (RFC 6455 section 7.4). */
export function isSendableCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  );
}

/** How long a peer may take to answer a close, in ms. */
export const closeGrace = 5000;

/** Makes links of upgrade requests. A message is at most `maxPayload` bytes, in at most 1,024 fragments. */
export function createLinkServer(maxPayload: number) {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    maxFragments: 1024,
    maxBufferedChunks: 16 * 1024,
    closeTimeout: closeGrace,
    WebSocket: Link,
  };
  return new WebSocketServer<typeof Link>(options);
}

export type LinkServer = ReturnType<typeof createLinkServer>;
