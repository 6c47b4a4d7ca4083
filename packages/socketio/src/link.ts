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
 * A ws WebSocket that tells its one owner what happens to it.
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
  }

  /** What ws has to say goes to the owner; a table of listeners would take each link another quarter of a KB. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const [data, isBinary] = args;
    // nodebuffer, the binaryType of every link, never delivers the other shapes of a message.
    if (event === "message" && Buffer.isBuffer(data)) this.owner?.onLinkMessage(data, isBinary === true);
    else if (event === "pong") this.owner?.onLinkPong();
    else if (event === "close") this.#onClosed();
    // ws closes the link after an error by itself.
    return true;
  }

  #onClosed(): void {
    this.#all?.delete(this);
    this.owner?.onLinkClose();
    super.emit("close");
  }

  get unsent(): number {
    return this.raw?.writableLength ?? 0;
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
