// The receiver's side of a takeover: a WebSocket of a client whose session is at another engine, until the session is here.
import { type TimerEntry, unscheduled } from "../connection/timer-wheel.js";
import type { TransportListener, WebSocketTransport } from "../connection/websocket-transport.js";
import type { EngineContext } from "../context.js";
import { probePong } from "../engineio/packets.js";
import { EngineSession } from "../engineio/session.js";
import { randomId } from "../engineio/session-id.js";
import type { EngineOptions } from "../options.js";
import { SocketIoSocket } from "../socketio/socketio-socket.js";
import type { ExpectedSocket } from "./handover-host.js";
import type { MovedSession, TakeoverRequest } from "./takeover-request.js";

/** The client has left polling, so that it must connect again. */
const goingAway = 1001;

/**
 * In the client's order: its probe, for which the session is reserved; our pong; the end of its last poll and POST; its
 * upgrade packet, at which the session is handed over. Until our pong the client can stay on polling; from its upgrade
 * packet on it connects again when the WebSocket closes. In between it would notice nothing, so a failure waits for that packet.
 */
export class Arrival implements TransportListener, TimerEntry {
  slot = unscheduled;
  dueAt = 0;
  #state: "probing" | "reserving" | "reserved" | "taking" | "over" = "probing";
  readonly #token = randomId();
  #expected: ExpectedSocket | undefined;
  /** What came behind the upgrade packet. */
  readonly #early: { data: Buffer; isBinary: boolean }[] = [];
  #earlyBytes = 0;

  constructor(
    private readonly context: EngineContext,
    private readonly takeover: NonNullable<EngineOptions["takeover"]>,
    private readonly webSocket: WebSocketTransport,
    private readonly target: { readonly sid: string; readonly owner: string },
  ) {
    context.arriving.add(this);
    context.arrivals.pending += 1;
    context.timers.schedule(this, context.settings.upgradeTimeout);
  }

  onTransportMessage(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? "" : data.toString();
    if (this.#state === "taking") this.#keepEarly(data, isBinary);
    else if (this.#state === "probing" && text === "2probe") void this.#reserve();
    else if (this.#state === "reserved" && text === "5") void this.#take();
    else this.cancel();
  }

  /** The WebSocket reads on until the end of the piece in which the upgrade packet came. */
  #keepEarly(data: Buffer, isBinary: boolean): void {
    this.#early.push({ data, isBinary });
    this.#earlyBytes += data.length;
    if (this.#earlyBytes > this.context.settings.maxPayload) this.#fail();
  }

  onTransportPong(): void {}

  onTransportClose(): void {
    this.cancel();
  }

  onDue(): void {
    this.cancel();
  }

  cancel(): void {
    if (this.#state === "over") return;
    if (this.#state !== "probing" && this.#state !== "taking") this.#release();
    this.#end();
    this.webSocket.closeWith(1000, "");
  }

  /** The client connects again. */
  #fail(): void {
    if (this.#state === "over") return;
    this.#end();
    this.webSocket.closeWith(goingAway, "");
  }

  #end(): void {
    this.#leave();
    this.#expected?.cancel();
    this.webSocket.resume();
  }

  #leave(): void {
    this.#state = "over";
    this.context.timers.cancel(this);
    this.context.arrivals.pending -= 1;
    this.context.arriving.delete(this);
  }

  #ask(step: TakeoverRequest["step"]) {
    const { sid, owner } = this.target;
    return this.takeover.ask({ step, sid, token: this.#token }, owner);
  }

  /** Lets the session go on at its owner. If the request is lost, it does so by itself after `upgradeTimeout`. */
  #release(): void {
    this.#ask("release").catch(() => undefined);
  }

  async #reserve(): Promise<void> {
    this.#state = "reserving";
    try {
      const { reserved } = await this.#ask("reserve");
      const expected = reserved?.connected ? await this.takeover.host.expect(reserved.offer) : undefined;
      if (this.#isOver) expected?.cancel();
      else if (!reserved) this.#refuse();
      else {
        this.#state = "reserved";
        this.#expected = expected;
        this.webSocket.write(probePong, probePong.length, this.context.coalescer);
      }
    } catch (error) {
      this.context.reportError(error);
      this.cancel();
    }
  }

  /** The owner has not reserved anything. */
  #refuse(): void {
    this.#end();
    this.webSocket.closeWith(1000, "");
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  async #take(): Promise<void> {
    this.#state = "taking";
    this.webSocket.pause();
    try {
      const { taken } = await this.#ask("take");
      if (this.#isOver) return;
      if (!taken) this.#fail();
      else if (taken.ended) this.#close(taken, taken.ended);
      else this.#begin(taken);
    } catch (error) {
      this.context.reportError(error);
      this.#fail();
      this.webSocket.closeWith(goingAway, "");
    }
  }

  #close({ frames }: MovedSession, { code, reason }: { code: number; reason: string }): void {
    const bytes = Buffer.from(frames, "base64");
    this.#end();
    this.webSocket.write(bytes, bytes.length, this.context.coalescer);
    this.webSocket.closeWith(code, reason);
  }

  #begin(moved: MovedSession): void {
    const { context, webSocket } = this;
    const expected = this.#expected;
    const { handshake } = moved;
    if ((handshake === undefined) !== (expected !== undefined)) throw new Error("the session has changed its state");
    this.#leave();
    context.takenOver += 1;
    const session = new EngineSession(context, webSocket, { ...moved, sid: this.target.sid });
    const opening = handshake && { ...handshake, auth: {} };
    const socket = new SocketIoSocket(context, session, opening, { id: moved.socketId });
    session.listener = socket;
    webSocket.listener = session;
    const frames = Buffer.from(moved.frames, "base64");
    if (frames.length > 0) session.push(frames);
    if (expected) context.addSocket(socket, () => expected.adopt(socket, moved.state));
    for (const one of moved.held) {
      if (session.open) session.receive("text" in one ? one.text : Buffer.from(one.binary, "base64"));
    }
    for (const { data, isBinary } of this.#early) session.onTransportMessage(data, isBinary);
    webSocket.resume();
  }
}
