// Socket.IO v5 over one Engine.IO session: CONNECT, events, acknowledgements, DISCONNECT. The only namespace is "/".
import { type Packet, PacketType } from "socket.io-parser";
import type { ConnectionListener } from "../connection/connection.js";
import { type TimerEntry, unscheduled } from "../connection/timer-wheel.js";
import type { EngineContext } from "../context.js";
import type { EngineSession } from "../engineio/session.js";
import { type EncodedEvent, EventFrames } from "../host/encoded-event.js";
import { HostSocket, singleUseAck } from "../host/host-socket.js";
import type { Ack, Handshake } from "../host/socket.js";
import type { MovedSession } from "../takeover/takeover-request.js";
import { ConnectRefused } from "./connect-refused.js";
import { AttachmentReader, assertNotReserved, encodePacket, hasAttachments } from "./packets.js";

const mainNamespace = "/";
/** A client that leaves this many acknowledgements unanswered is a slow consumer. */
const maxPendingAcks = 1000;
/** CONNECT packets of one session: each costs a response, and no client sends this many by mistake. */
const maxConnects = 10;
/** The close code for a client about which the host could not decide. */
const internalError = 1011;
/** Close codes from here on tell the client not to reconnect. */
const firstFinalCode = 4500;

export class SocketIoSocket extends HostSocket implements ConnectionListener {
  readonly kind = "socketio";
  protected readonly connection: EngineSession;
  #connected = false;
  /** Kept until CONNECT, when the socket is given to the host. */
  #handshake: Handshake | undefined;
  /** CONNECT has come, and the host decides on it until this resolves. */
  #deciding: Promise<void> | undefined;
  #connects: number;
  /** A packet whose attachments have not all come, and its deadline. */
  #attachments: { reader: AttachmentReader; deadline: TimerEntry } | undefined;
  #acks: Map<number, Ack> | undefined;
  #nextAck = 0;

  /**
   * @param handshake undefined for a socket that had sent CONNECT to another engine, under the same `id`.
   * @param connects CONNECT packets that the session has had before.
   */
  constructor(
    context: EngineContext,
    session: EngineSession,
    handshake: Handshake | undefined,
    { id, connects = 0 }: { id?: string; connects?: number } = {},
  ) {
    super(context, id);
    this.connection = session;
    this.#handshake = handshake;
    this.#connected = handshake === undefined;
    this.#connects = connects;
  }

  /** Whether the host has it. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Resolves when the host does not decide on its CONNECT, or not any more. */
  get decided(): Promise<void> {
    return this.#deciding ?? Promise.resolve();
  }

  /**
   * Whether another engine could go on with it, once it is `decided`: no packet is incomplete, no acknowledgement is awaited, and
   * the host knows no other socket that was here before.
   */
  get movable(): boolean {
    const isFirst = this.#handshake?.previous === undefined;
    return isFirst && this.#attachments === undefined && (this.#acks?.size ?? 0) === 0;
  }

  /** What another engine makes this socket of. */
  describe(): Pick<MovedSession, "socketId" | "handshake"> {
    if (!this.#handshake) return { socketId: this.id };
    const { query, headers, address } = this.#handshake;
    return { socketId: this.id, handshake: { query, headers, address } };
  }

  emit(event: string, ...args: unknown[]): void {
    assertNotReserved(event);
    if (!this.#connected) return;
    const last = args.at(-1);
    const packet: Packet = { type: PacketType.EVENT, nsp: mainNamespace, data: [event, ...args] };
    if (isAck(last)) {
      packet.data.pop();
      packet.id = this.#nextAck;
    }
    const frames = encodePacket(packet);
    if (isAck(last)) this.#expectAck(last);
    for (const frame of frames) this.connection.push(frame);
  }

  #expectAck(ack: Ack): void {
    this.#acks ??= new Map();
    this.#acks.set(this.#nextAck, ack);
    this.#nextAck += 1;
    if (this.#acks.size > maxPendingAcks) {
      this.connection.end("slow consumer", this.context.settings.slowConsumerCode);
    }
  }

  send(event: EncodedEvent): void {
    if (this.#connected && event instanceof EventFrames) this.connection.push(event.packet);
  }

  protected endConnection(code: number, reason: string): void {
    if (!this.#connected) return;
    // A socket.io-client that has received this packet does not reconnect.
    if (code >= firstFinalCode) this.#sendPacket({ type: PacketType.DISCONNECT, nsp: mainNamespace });
    this.connection.end(reason, code);
  }

  onText(text: string): void {
    try {
      if (hasAttachments(text) && this.#attachments === undefined) {
        this.#expectAttachments(text);
        return;
      }
      if (this.#attachments !== undefined) throw new Error("text between attachments");
      this.#onPacket(this.context.packets.read(text));
    } catch {
      this.connection.end("parse error");
    }
  }

  #expectAttachments(text: string): void {
    const reader = new AttachmentReader(text, this.connection.maxPayload);
    const onDue = () => this.connection.end("attachment timeout");
    this.#attachments = { reader, deadline: { slot: unscheduled, dueAt: 0, onDue } };
    this.context.timers.schedule(this.#attachments.deadline, this.context.settings.postTimeout);
  }

  #forgetAttachments(): void {
    if (this.#attachments) this.context.timers.cancel(this.#attachments.deadline);
    this.#attachments = undefined;
  }

  onBinary(data: Buffer): void {
    try {
      if (this.#attachments === undefined) throw new Error("attachment without a packet");
      const packet = this.#attachments.reader.add(data);
      if (packet === undefined) return;
      this.#forgetAttachments();
      this.#onPacket(packet);
    } catch {
      this.connection.end("parse error");
    }
  }

  onEnd(reason: string): void {
    this.#close(reason);
  }

  #close(reason: string): void {
    this.#connected = false;
    this.#forgetAttachments();
    this.#acks = undefined;
    this.notifyClosed(reason);
  }

  #onPacket(packet: Packet): void {
    if (packet.type === PacketType.CONNECT) this.#onConnect(packet);
    else if (packet.nsp !== mainNamespace || !this.#connected) this.connection.end("parse error");
    else this.#onConnectedPacket(packet);
  }

  #onConnect({ nsp, data }: Packet): void {
    this.#connects += 1;
    if (this.#connects > maxConnects) this.connection.end("parse error");
    else if (nsp !== mainNamespace) this.#refuse(nsp, { message: "Invalid namespace" });
    else if (this.#handshake === undefined || this.#deciding) this.connection.end("parse error");
    else this.#decideOn(isObject(data) ? { ...this.#handshake, auth: data } : this.#handshake);
  }

  /** In the same turn where the host has nothing to wait for. */
  #decideOn(handshake: Handshake): void {
    try {
      const decision = this.context.settings.admit?.(handshake);
      if (decision === undefined) this.#connect(handshake);
      else {
        this.#deciding = this.#await(decision, handshake).finally(() => {
          this.#deciding = undefined;
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #await(decision: Promise<unknown>, handshake: Handshake): Promise<void> {
    try {
      const admitted = await decision;
      if (this.connection.open) this.#connect({ ...handshake, admitted });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof ConnectRefused) this.#refuse(mainNamespace, { message: error.message, data: error.data });
    else {
      this.context.reportError(error);
      this.connection.end("not admitted", internalError);
    }
  }

  #refuse(nsp: string, data: { message: string; data?: unknown }): void {
    this.#sendPacket({ type: PacketType.CONNECT_ERROR, nsp, data });
  }

  #connect(handshake: Handshake): void {
    this.#handshake = undefined;
    this.#connected = true;
    this.connection.markConnected();
    this.#sendPacket({ type: PacketType.CONNECT, nsp: mainNamespace, data: { sid: this.id } });
    this.context.openSocket(this, handshake);
  }

  /** The client has left the namespace, and may connect again in the same session: as another socket. */
  #leave(): void {
    const { connection, context } = this;
    const handshake = { auth: {}, query: {}, headers: {}, address: "", previous: this };
    this.#close("client namespace disconnect");
    if (connection.tryExpectConnect()) {
      connection.listener = new SocketIoSocket(context, connection, handshake, { connects: this.#connects });
    } else connection.end("client namespace disconnect");
  }

  #onConnectedPacket(packet: Packet): void {
    const data: unknown = packet.data;
    const args: unknown[] = Array.isArray(data) ? data : [];
    switch (packet.type) {
      case PacketType.EVENT: {
        const { id } = packet;
        this.dispatch(String(args[0]), args.slice(1), id === undefined ? undefined : this.#createAck(id));
        return;
      }
      case PacketType.ACK:
        this.#onAck(packet.id, args);
        return;
      case PacketType.DISCONNECT:
        this.#leave();
        return;
      default:
        this.connection.end("parse error");
    }
  }

  #createAck(id: number): Ack {
    return singleUseAck((args) => {
      // The socket that follows in the same session may have used the same id.
      if (this.#connected) this.#sendPacket({ type: PacketType.ACK, nsp: mainNamespace, id, data: args });
    });
  }

  #onAck(id: number | undefined, args: unknown[]): void {
    const ack = id === undefined ? undefined : this.#acks?.get(id);
    if (ack === undefined || id === undefined) return;
    this.#acks?.delete(id);
    try {
      const result: unknown = ack(...args);
      this.context.reportRejection(result, this);
    } catch (error) {
      this.context.reportError(error, this);
    }
  }

  #sendPacket(packet: Packet): void {
    for (const frame of encodePacket(packet)) this.connection.push(frame);
  }
}

function isAck(value: unknown): value is Ack {
  return typeof value === "function";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
