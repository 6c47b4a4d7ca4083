// One Engine.IO session: packets in and out over polling, over WebSocket, or moving from the first to the second.
import { decodePacket, type Packet } from "engine.io-parser";
import { closeTimeoutMs } from "../connection/close-codes.js";
import type { ClosingConnection, ClosingConnections } from "../connection/closing-connections.js";
import { Connection, type ConnectionContext } from "../connection/connection.js";
import { payloadOf, textFrame } from "../connection/websocket-frames.js";
import type { TransportListener, WebSocketTransport } from "../connection/websocket-transport.js";
import type { HandshakeLimiter } from "../handshake-limiter.js";
import type { MovedSession } from "../takeover/takeover-request.js";
import { closePacket, noopPacket, pingPacket } from "./packets.js";
import { type PollingExchange, textPlain } from "./polling-exchange.js";
import { decodePayload } from "./polling-payload.js";
import { type PollingListener, PollingTransport } from "./polling-transport.js";
import { createSessionId } from "./session-id.js";

/** In a body they may be very small. */
const maxHeldMessages = 1_000;

/** What a session uses of its engine. */
export interface SessionContext extends ConnectionContext {
  readonly handshakes: HandshakeLimiter;
  readonly closing: ClosingConnections;
  /** The sessions that requests can find, by id. */
  readonly sessions: Map<string, EngineSession>;
}

/** An upgrade to WebSocket in progress, here or at another engine. */
export interface PendingUpgrade {
  /** Whether its probe was answered, or is about to be: from then on the client may be moving to the WebSocket. */
  readonly answered: boolean;
  /** Gives the upgrade up; the session stays on polling. */
  cancel(): void;
}

/** A session as another engine had it. Times in ms from now. */
export interface FormerSession {
  readonly sid: string;
  readonly nextPingMs: number;
  /** Until CONNECT must have come; absent once it has. */
  readonly connectMs?: number;
  readonly trusted: boolean;
}

type Message = string | Buffer;

export class EngineSession
  extends Connection<SessionContext>
  implements TransportListener, PollingListener, ClosingConnection
{
  readonly sid: string;
  /** At most one at a time. */
  upgrade: PendingUpgrade | undefined;
  /** How often another engine has reserved it. */
  reservations = 0;
  protected readonly ping = pingPacket;
  #webSocket: WebSocketTransport | undefined;
  /** For sessions that began on polling. Kept after an upgrade, for responses and a POST still in progress. */
  readonly #polling: PollingTransport | undefined;
  /** Set by the end, for a client that has not been sent it yet. */
  #closeDetails: { code: number; reason: string } | undefined;
  /** The deadline for CONNECT; undefined once it has come. */
  #connectDueAt: number | undefined;
  /** Messages that wait until it is decided where the session goes on. */
  #held: { messages: Message[]; bytes: number } | undefined;

  /**
   * Opens a session whose handshake came over `webSocket`, or over polling if that is undefined; or goes on with one that was
   * at another engine, and moves to `webSocket`.
   */
  constructor(context: SessionContext, webSocket: WebSocketTransport | undefined, former?: FormerSession) {
    super(context, former?.nextPingMs);
    const { ownerId, connectTimeout } = context.settings;
    this.sid = former?.sid ?? createSessionId(ownerId);
    this.#webSocket = webSocket;
    this.#polling = webSocket ? undefined : new PollingTransport(context, this);
    const connectMs = former ? former.connectMs : connectTimeout;
    if (connectMs !== undefined) {
      this.#connectDueAt = context.timers.now() + connectMs;
      context.handshakes.pending += 1;
    }
    if (former?.trusted) this.trust();
    context.sessions.set(this.sid, this);
    this.#polling?.expectPoll(0);
    this.reschedule();
  }

  get transport(): "polling" | "websocket" {
    return this.#webSocket ? "websocket" : "polling";
  }

  /** The packet that opens the session, as a frame. */
  openPacket(): Buffer {
    const { pingInterval, pingTimeout } = this.context.settings;
    const { maxPayload } = this;
    const upgrades = this.#webSocket ? [] : ["websocket"];
    return textFrame("0", JSON.stringify({ sid: this.sid, upgrades, pingInterval, pingTimeout, maxPayload }));
  }

  /** CONNECT has come: the handshake is no longer pending. */
  markConnected(): void {
    if (this.#connectDueAt === undefined) return;
    this.#connectDueAt = undefined;
    this.context.handshakes.pending -= 1;
    this.reschedule();
  }

  /** The client has left its namespace: CONNECT is due again. False if too many are awaited already. */
  tryExpectConnect(): boolean {
    const { handshakes, settings, timers } = this.context;
    if (!this.open || handshakes.pending >= settings.maxHandshakes) return false;
    this.#connectDueAt = timers.now() + settings.connectTimeout;
    handshakes.pending += 1;
    this.reschedule();
    return true;
  }

  protected override reschedule(): void {
    super.reschedule(Math.min(this.#connectDueAt ?? Number.POSITIVE_INFINITY, this.#pollDueAt));
  }

  get #pollDueAt(): number {
    return this.#polling?.pollDueAt ?? Number.POSITIVE_INFINITY;
  }

  override onDue(now: number): void {
    if (this.state === "closing") this.#dispose();
    else if (this.#connectDueAt !== undefined && now >= this.#connectDueAt) {
      this.#end("connect timeout", 1000, false);
    } else if (now >= this.#pollDueAt && !this.upgrade) this.#end("transport close", 1000, false);
    else super.onDue(now);
  }

  protected get unsentBytes(): number {
    return (this.#polling?.unsentBytes ?? 0) + (this.#webSocket?.unsentBytes ?? 0);
  }

  protected limitMessages(): void {
    if (this.#webSocket) this.#webSocket.maxPayload = this.maxPayload;
  }

  protected writeQueued(): void {
    if (this.#webSocket) {
      const bytes = this.queuedBytes;
      this.#webSocket.write(this.takeFrames(), bytes, this.context.coalescer);
    } else {
      const poll = this.#polling?.takeWaiting();
      if (poll) this.#respond(poll);
    }
  }

  #respond(poll: PollingExchange): void {
    const rest = this.#polling?.respond(poll, [this.takeFrames()].flat()) ?? [];
    for (const frame of rest) this.enqueue(frame);
  }

  /** A polling GET. It is answered as soon as there is something to send. */
  onPoll(poll: PollingExchange): void {
    const polling = this.#polling;
    if (this.#webSocket || !polling || polling.waiting) {
      poll.refuse(3);
      if (polling?.waiting) this.end("transport error");
      return;
    }
    polling.expectNoPoll();
    if (this.hasFrames) this.#respond(poll);
    else polling.hold(poll);
    if (this.state === "closing" && !this.hasFrames) this.#dispose();
  }

  onPollAbandoned(): void {
    this.#end("transport error", 1000, false);
  }

  onPollAnswered(bytes: number): void {
    if (this.#webSocket || !this.#polling || this.#polling.waiting) return;
    this.#polling.expectPoll(bytes);
    // An earlier deadline, when it comes, schedules this one.
    if (this.state === "open" && this.dueAt > this.#pollDueAt) this.reschedule();
  }

  /** Answers the waiting poll with nothing but a noop: `poll`, or whichever waits. */
  releasePoll(poll: PollingExchange | undefined = this.#polling?.waiting): void {
    if (!poll || this.#polling?.waiting !== poll) return;
    this.enqueue(noopPacket);
    this.writeQueued();
  }

  /** Reserves the session's one POST at a time; false if there is one already, which ends the session. */
  beginPost(): boolean {
    if (this.#polling?.posting) this.end("transport error");
    if (!this.#polling || this.#polling.posting || this.#webSocket) return false;
    this.#polling.posting = true;
    return true;
  }

  /**
   * Handles the body of the POST begun; undefined if it failed. Resolves when all its packets are handled: false if one was
   * malformed, which ends the session.
   */
  async finishPost(body: string | undefined): Promise<boolean> {
    let valid = true;
    if (body !== undefined && !this.#webSocket) {
      await decodePayload(body, (packet) => {
        if (packet.type === "error") valid = false;
        if (this.open) this.#onPacket(packet);
        else if (this.state === "closing" && (packet.type === "close" || !valid)) this.#dispose();
      });
    }
    if (this.#polling) this.#polling.posting = false;
    return valid;
  }

  onTransportMessage(data: Buffer, isBinary: boolean): void {
    if (!this.open) return;
    if (isBinary) this.listener?.onBinary(data);
    else this.#onPacket(decodePacket(data.toString(), "nodebuffer"));
  }

  /** Engine.IO has pong packets of its own. */
  onTransportPong(): void {}

  onTransportClose(): void {
    this.end("transport close");
  }

  #onPacket(packet: Packet): void {
    const data: unknown = packet.data;
    switch (packet.type) {
      case "message":
        this.receive(Buffer.isBuffer(data) ? data : typeof data === "string" ? data : "");
        return;
      case "pong":
        this.onPong();
        return;
      case "close":
        // What the client sent before comes first.
        if (this.#held) this.upgrade?.cancel();
        this.releasePoll();
        this.#end("transport close", 1000, false);
        return;
      case "ping":
        // In protocol 4 only the server pings.
        this.end("transport error");
        return;
      case "error":
        // A POST is answered 400, which tells the client.
        this.#end("parse error", 1000, false);
        return;
      case "open":
      case "noop":
      case "upgrade":
        return;
    }
  }

  /** Takes a message of the client. */
  receive(message: Message): void {
    if (this.#held) this.#hold(this.#held, message);
    else if (typeof message === "string") this.listener?.onText(message);
    else this.listener?.onBinary(message);
  }

  #hold(held: { messages: Message[]; bytes: number }, message: Message): void {
    held.messages.push(message);
    held.bytes += message.length;
    if (held.bytes > this.maxPayload || held.messages.length > maxHeldMessages) this.upgrade?.cancel();
  }

  /** From now on the client's messages wait. */
  hold(): void {
    this.#held = { messages: [], bytes: 0 };
  }

  /** What has waited is handled, and all that follows. */
  resume(): void {
    const { messages } = this.#held ?? { messages: [] };
    this.#held = undefined;
    for (const message of messages) if (this.open) this.receive(message);
  }

  /** Whether a POST is in progress. */
  get posting(): boolean {
    return this.#polling?.posting ?? false;
  }

  /**
   * Ends the session here, and returns what another engine goes on with. If the session was ended before, the rest is what
   * its client has not been sent yet.
   */
  moveAway(): Omit<FormerSession, "sid"> & Pick<MovedSession, "frames" | "held" | "ended"> {
    this.releasePoll();
    const frames = [this.takeFrames()].flat().filter((frame) => frame !== closePacket);
    const now = this.context.timers.now();
    const held = this.#held?.messages ?? [];
    const moved = {
      frames: Buffer.concat(frames).toString("base64"),
      held: held.map((one) => (typeof one === "string" ? { text: one } : { binary: one.toString("base64") })),
      nextPingMs: Math.max(0, this.nextPingAt - now),
      trusted: this.isTrusted,
      ...(this.#closeDetails ? { ended: this.#closeDetails } : {}),
      ...(this.#connectDueAt === undefined ? {} : { connectMs: Math.max(0, this.#connectDueAt - now) }),
    };
    this.markConnected();
    this.#dispose();
    this.listener?.onEnd("moved");
    return moved;
  }

  /** The client has left polling for `webSocket`: what is queued goes there. */
  upgradeTo(webSocket: WebSocketTransport): void {
    this.upgrade = undefined;
    this.releasePoll();
    if (this.state === "closed") {
      webSocket.closeWith(1000, "");
      return;
    }
    this.#webSocket = webSocket;
    this.#polling?.expectNoPoll();
    webSocket.listener = this;
    this.limitMessages();
    if (this.state === "closing") this.#closeWebSocket(webSocket);
    else if (this.hasFrames) this.writeQueued();
  }

  end(reason: string, code = 1000): void {
    this.#end(reason, code, true);
  }

  protected override onPingTimeout(): void {
    this.#end("ping timeout", 1000, false);
  }

  /** @param awaitPoll whether a client on polling is still there to poll for what is queued. */
  #end(reason: string, code: number, awaitPoll: boolean): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.#closeDetails = { code, reason };
    this.markConnected();
    if (this.#webSocket) this.#closeWebSocket(this.#webSocket);
    else if (awaitPoll) this.#closePolling();
    else this.#abortPolling();
    this.listener?.onEnd(reason);
  }

  #closeWebSocket(webSocket: WebSocketTransport): void {
    for (const frame of [this.takeFrames()].flat()) if (frame !== closePacket) this.enqueue(frame);
    if (this.hasFrames) this.writeQueued();
    webSocket.closeWith(this.#closeDetails?.code ?? 1000, this.#closeDetails?.reason ?? "");
    this.#dispose();
  }

  /**
   * The waiting poll, or else the next ones, get what is queued and then the close packet. A client whose probe was
   * answered polls no more: it gets them on the WebSocket, so its upgrade stays.
   */
  #closePolling(): void {
    if (!this.upgrade?.answered) this.upgrade?.cancel();
    this.enqueue(closePacket);
    this.writeQueued();
    if (this.hasFrames) {
      this.context.timers.schedule(this, closeTimeoutMs);
      this.context.closing.add(this, this.bufferedBytes);
    } else this.#dispose();
  }

  cut(): void {
    this.#dispose();
  }

  /** Answers the waiting poll, if any, with the close packet only, and forgets what is queued. */
  #abortPolling(): void {
    this.#polling?.takeWaiting()?.respond(200, textPlain, payloadOf(closePacket));
    this.#dispose();
  }

  #dispose(): void {
    this.state = "closed";
    this.takeFrames();
    this.upgrade?.cancel();
    this.context.timers.cancel(this);
    this.context.closing.delete(this);
    this.context.sessions.delete(this.sid);
  }

  /** Forgets an ended session whose client has not polled for the close yet: the engine stops. */
  discard(): void {
    if (this.state === "closing") this.#dispose();
  }
}
