// Socket.IO v5 over one session: CONNECT, events, acknowledgements, DISCONNECT. The only namespace is "/".
import { type Packet, PacketType } from "socket.io-parser";
import type { Receiver } from "./connection.js";
import { Endpoint, once } from "./endpoint.js";
import { EventFrame, type Frame } from "./event-frame.js";
import type { Hub } from "./hub.js";
import { AttachmentReader, encodePacket, hasAttachments, refuseReserved } from "./packets.js";
import type { Session } from "./session.js";
import type { Ack, Handshake } from "./socket.js";

const main = "/";
/** A client that answers none of so many acknowledgements is not keeping up. */
const maxPendingAcks = 1000;
/** Each costs an answer, and nobody asks for so many by mistake. */
const maxForeignNamespaces = 10;
/** From here on a close code tells the client not to come back. */
const firstFinalCode = 4500;

export class SocketIoSocket extends Endpoint implements Receiver {
  readonly kind = "socketio";
  protected readonly connection: Session;
  #connected = false;
  /** Until CONNECT, with which the socket is given to the host. */
  #handshake: Handshake | undefined;
  #attachments: AttachmentReader | undefined;
  #acks: Map<number, Ack> | undefined;
  #nextAck = 0;
  #foreignNamespaces = 0;

  constructor(hub: Hub, session: Session, handshake: Handshake) {
    super(hub);
    this.connection = session;
    this.#handshake = handshake;
  }

  emit(event: string, ...args: unknown[]): void {
    refuseReserved(event);
    if (!this.#connected) return;
    const last = args.at(-1);
    const packet: Packet = { type: PacketType.EVENT, nsp: main, data: [event, ...args] };
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
      this.connection.end("slow consumer", this.hub.settings.slowConsumerCode);
    }
  }

  send(frame: Frame): void {
    if (this.#connected && frame instanceof EventFrame) this.connection.push(frame.packet);
  }

  protected finish(code: number, reason: string): void {
    // Having got this packet, a socket.io-client does not reconnect.
    if (code >= firstFinalCode) this.#sendPacket({ type: PacketType.DISCONNECT, nsp: main });
    this.connection.end(reason, code);
  }

  onText(text: string): void {
    try {
      if (hasAttachments(text) && this.#attachments === undefined) {
        this.#attachments = new AttachmentReader(text, this.hub.settings.maxPayload);
        return;
      }
      if (this.#attachments !== undefined) throw new Error("text between attachments");
      this.#onPacket(this.hub.packets.read(text));
    } catch {
      this.connection.end("parse error");
    }
  }

  onBinary(data: Buffer): void {
    try {
      if (this.#attachments === undefined) throw new Error("attachment of no packet");
      const packet = this.#attachments.add(data);
      if (packet === undefined) return;
      this.#attachments = undefined;
      this.#onPacket(packet);
    } catch {
      this.connection.end("parse error");
    }
  }

  onEnd(reason: string): void {
    this.#connected = false;
    this.#attachments = undefined;
    this.#acks = undefined;
    this.depart(reason);
  }

  #onPacket(packet: Packet): void {
    if (packet.type === PacketType.CONNECT && packet.nsp !== main) {
      this.#foreignNamespaces += 1;
      if (this.#foreignNamespaces > maxForeignNamespaces) this.connection.end("parse error");
      this.#sendPacket({ type: PacketType.CONNECT_ERROR, nsp: packet.nsp, data: { message: "Invalid namespace" } });
    } else if (packet.type === PacketType.CONNECT && this.#handshake) this.#connect(packet.data, this.#handshake);
    else if (packet.nsp !== main || !this.#connected) this.connection.end("parse error");
    else this.#onConnectedPacket(packet);
  }

  #connect(auth: unknown, handshake: Handshake): void {
    this.#handshake = undefined;
    this.#connected = true;
    this.connection.markConnected();
    this.#sendPacket({ type: PacketType.CONNECT, nsp: main, data: { sid: this.id } });
    this.hub.welcome(this, isObject(auth) ? { ...handshake, auth } : handshake);
  }

  #onConnectedPacket(packet: Packet): void {
    const data: unknown = packet.data;
    const args: unknown[] = Array.isArray(data) ? data : [];
    switch (packet.type) {
      case PacketType.EVENT: {
        const { id } = packet;
        this.dispatch(String(args[0]), args.slice(1), id === undefined ? undefined : this.#ackOf(id));
        return;
      }
      case PacketType.ACK:
        this.#onAck(packet.id, args);
        return;
      case PacketType.DISCONNECT:
        this.connection.end("client namespace disconnect");
        return;
      default:
        this.connection.end("parse error");
    }
  }

  #ackOf(id: number): Ack {
    return once((args) => this.#sendPacket({ type: PacketType.ACK, nsp: main, id, data: args }));
  }

  #onAck(id: number | undefined, args: unknown[]): void {
    const ack = id === undefined ? undefined : this.#acks?.get(id);
    if (ack === undefined || id === undefined) return;
    this.#acks?.delete(id);
    try {
      const result: unknown = ack(...args);
      this.hub.watch(result, this);
    } catch (error) {
      this.hub.report(error, this);
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
