// One WebSocket: ws parses what comes in, and frames are written straight to the underlying stream.
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { Settings } from "../options.js";
import { closeTimeoutMs } from "./close-codes.js";
import type { ClosingConnection, ClosingConnections } from "./closing-connections.js";
import type { FrameCoalescer } from "./frame-coalescer.js";

/** Receives the events of one WebSocketTransport. */
export interface TransportListener {
  onTransportMessage(data: Buffer, isBinary: boolean): void;
  onTransportPong(): void;
  /** Called exactly once, whichever side closed. */
  onTransportClose(): void;
}

/** What all transports of an engine are in. */
export interface TransportContext {
  /** Those that have not closed. */
  readonly webSockets: Set<WebSocketTransport>;
  readonly closing: ClosingConnections;
}

/**
 * A ws WebSocket that reports its events to one listener.
 *
 * Frames are written to the stream directly, bypassing ws's Sender. That is safe because compression is off: Sender then
 * writes its own frames (pong, close) whole within one call, and so do we, so neither can land inside the other's.
 */
export class WebSocketTransport extends WebSocket implements ClosingConnection {
  /** Replaced when a session takes over the transport from its upgrade's probe. */
  listener: TransportListener | undefined;
  #stream: Duplex | undefined;
  #context: TransportContext | undefined;

  /**
   * Starts reporting to `listener`, if there is one, and adds itself to the context's WebSockets until it closes. No closure is made here:
   * one would keep the upgrade request in memory.
   */
  attach(stream: Duplex, listener: TransportListener | undefined, context: TransportContext): void {
    this.#stream = stream;
    this.listener = listener;
    this.#context = context;
    context.webSockets.add(this);
  }

  /** Sets the limit of a message. ws has no way to change it once a WebSocket is open, but reads this field for each frame. */
  set maxPayload(bytes: number) {
    (this as unknown as { readonly _receiver: { _maxPayload: number } })._receiver._maxPayload = bytes;
  }

  /** Routes ws's events to the listener; a table of event listeners would take another quarter of a KB per transport. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const [data, isBinary] = args;
    // nodebuffer, the binaryType of every transport, never delivers the other shapes of a message.
    if (event === "message" && Buffer.isBuffer(data)) this.listener?.onTransportMessage(data, isBinary === true);
    else if (event === "pong") this.listener?.onTransportPong();
    else if (event === "close") this.#onClosed();
    // "error" needs no handling: ws closes the connection after it.
    return true;
  }

  #onClosed(): void {
    this.#context?.webSockets.delete(this);
    this.#context?.closing.delete(this);
    this.listener?.onTransportClose();
    super.emit("close");
  }

  /** Bytes written but not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /**
   * Writes `frames` at once.
   * @param frames must not change afterwards.
   * @param bytes the length of all frames together.
   */
  write(frames: Buffer | readonly Buffer[], bytes: number, coalescer: FrameCoalescer): void {
    const stream = this.#stream;
    // After ws has sent a close frame nothing may follow it.
    if (stream === undefined || this.readyState !== WebSocket.OPEN) return;
    if (Buffer.isBuffer(frames)) {
      stream.write(frames);
      return;
    }
    const joined = coalescer.join(frames, bytes);
    if (joined !== undefined) {
      stream.write(joined);
      return;
    }
    stream.cork();
    for (const frame of frames) stream.write(frame);
    stream.uncork();
  }

  /** Starts the closing handshake; `reason` is cut to the 123 bytes of a control frame (RFC 6455 section 5.5). */
  closeWith(code: number, reason: string): void {
    this.close(code, truncateUtf8(reason, 123));
    this.#context?.closing.add(this, this.unsentBytes);
  }

  cut(): void {
    this.terminate();
  }
}

function truncateUtf8(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  // A character cut in half decodes to U+FFFD, which is longer than what it replaces.
  return Buffer.from(text)
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD+$/, "");
}

/** Pieces in which a message may arrive: each takes some 600 bytes besides its own. The packets of any line are larger than this. */
const minPieceBytes = 256;
const minPieces = 1024;

/**
 * Completes upgrade requests. A message is at most `maxUntrustedPayload` bytes, in at most 1,024 fragments, until
 * `WebSocketTransport.maxPayload` is set.
 */
export function createUpgradeServer({ maxPayload, maxUntrustedPayload }: Settings) {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxUntrustedPayload,
    maxFragments: 1024,
    maxBufferedChunks: Math.max(minPieces, Math.ceil(maxPayload / minPieceBytes)),
    closeTimeout: closeTimeoutMs,
    WebSocket: WebSocketTransport,
  };
  return new WebSocketServer<typeof WebSocketTransport>(options);
}

export type UpgradeServer = ReturnType<typeof createUpgradeServer>;
