// A connection between a client and a gateway: the gateway sees a `Socket`, and each direction is one stream, in order.
import { closeCodes } from "@khui/contracts";
import type { Ack, CloseHandler, EncodedEvent, EventHandler, Socket } from "@khui/socketio";
import type { Machine, Scheduler } from "./scheduler.js";

/** What a client is sent: an event, or an acknowledgement. */
export interface Frame {
  readonly event: string;
  readonly payload: unknown;
}

/** How the connection carries what is sent; a schedule draws it, and changes it. */
export interface ConnectionConditions {
  delayMs: number;
  /** The client takes a frame at a time, each this long after the one before. */
  readMs: number;
  /** As how large a frame counts, whatever it holds. */
  readonly frameBytes: number;
}

export interface ConnectionOptions {
  readonly scheduler: Scheduler;
  readonly client: Machine;
  readonly gateway: Machine;
  readonly conditions: ConnectionConditions;
  /** At the gateway, as soon as it sends something. */
  readonly onSent: (frame: Frame) => void;
  readonly onFrame: (frame: Frame) => void;
  /** The client notices that the connection is over. */
  readonly onClosed: () => void;
}

/** Bytes that a client may leave unread, as the gateway sets it. */
const sendBudget = 2.5 * 1024 * 1024;

export class SimulatedConnection implements Socket {
  readonly id: string;
  readonly kind = "socketio";
  readonly transport = "websocket";
  data: unknown;
  bufferedBytes = 0;
  /** As the gateway's engine knows it. */
  #open = true;
  /** As the client knows it. */
  #clientOpen = true;
  /** What is on its way is lost. */
  #cut = false;
  #onEvent: EventHandler | undefined;
  #onClose: CloseHandler[] = [];
  #closeReported = false;
  /** When the last frame of each direction arrives. */
  #atClient = 0;
  #atGateway = 0;

  constructor(private readonly options: ConnectionOptions) {
    this.id = `socket of ${options.client.name}`;
  }

  get clientOpen(): boolean {
    return this.#clientOpen;
  }

  // The gateway's side.

  emit(event: string, ...args: unknown[]): void {
    this.#send({ event, payload: args[0] === undefined ? undefined : JSON.parse(JSON.stringify(args[0])) });
  }

  send(event: EncodedEvent): void {
    this.#send(frameOf(event));
  }

  onEvent(handler: EventHandler): void {
    this.#onEvent = handler;
  }

  onClose(handler: CloseHandler): void {
    this.#onClose.push(handler);
  }

  trust(): void {}

  /** What was sent before still arrives. */
  close(_code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#toClient("close", () => this.#closeClient());
    this.#reportClose(this.#delay(), reason);
  }

  // The client's side.

  /** Sends an event; `ack` is called with the answer, if there is one. */
  request(event: string, payload: unknown, ack?: (answer: unknown) => void): void {
    const answer: Ack | undefined = ack && ((answered) => this.#send({ event: "ack", payload: { answered, ack } }));
    this.#toGateway(event, () => {
      if (this.#open) this.#onEvent?.(event, [payload], answer, this);
    });
  }

  /** The client closes. */
  end(): void {
    this.#closeClient();
    this.#toGateway("close", () => {
      this.#open = false;
      this.#reportClose(0, "client closed");
    });
  }

  /** The gateway's machine died: what it had sent may still arrive. */
  abandon(clientMs: number): void {
    this.#toClient("close", () => this.#closeClient());
    this.options.scheduler.after(clientMs, this.options.client, "notices the death", () => this.#closeClient());
  }

  /** The network between them fails: each side notices after a time of its own, and what is on its way is lost. */
  cut(clientMs: number, gatewayMs: number): void {
    const { scheduler, client, gateway } = this.options;
    this.#cut = true;
    scheduler.after(clientMs, client, "notices the cut", () => this.#closeClient());
    scheduler.after(gatewayMs, gateway, "notices the cut", () => {
      this.#open = false;
      this.#reportClose(0, "ping timeout");
    });
  }

  #delay(): number {
    return this.options.scheduler.random.draw() * this.options.conditions.delayMs;
  }

  #send(frame: Frame): void {
    if (!this.#open) return;
    const { conditions, onFrame, onSent } = this.options;
    onSent(frame);
    this.bufferedBytes += conditions.frameBytes;
    if (this.bufferedBytes > sendBudget) this.#overflow();
    this.#toClient(frame.event, () => {
      this.bufferedBytes -= conditions.frameBytes;
      if (this.#clientOpen) onFrame(frame);
    });
  }

  /** A client that leaves too much unread: it gets nothing more, not even what waits. */
  #overflow(): void {
    const { scheduler, client } = this.options;
    this.#open = false;
    this.#cut = true;
    scheduler.after(this.#delay(), client, "closed as a slow consumer", () => this.#closeClient());
    this.#reportClose(0, closeCodes.slow_consumer.reason);
  }

  #toClient(label: string, arrive: () => void): void {
    const { scheduler, client, conditions } = this.options;
    const at = Math.max(this.#atClient + conditions.readMs, scheduler.now + this.#delay());
    this.#atClient = at;
    scheduler.at(at, client, label, () => {
      if (!this.#cut) arrive();
    });
  }

  #toGateway(label: string, arrive: () => void): void {
    const { scheduler, gateway } = this.options;
    this.#atGateway = Math.max(this.#atGateway, scheduler.now + this.#delay());
    scheduler.at(this.#atGateway, gateway, label, () => {
      if (!this.#cut) arrive();
    });
  }

  #closeClient(): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.options.onClosed();
  }

  #reportClose(delayMs: number, reason: string): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    const { scheduler, gateway } = this.options;
    scheduler.after(delayMs, gateway, `socket closed: ${reason}`, () => {
      for (const handler of this.#onClose) handler(reason, this);
    });
  }
}

const frames = new WeakMap<EncodedEvent, Frame>();

/** What an event says, read from the text that a plain WebSocket would be sent. */
function frameOf(encoded: EncodedEvent): Frame {
  const known = frames.get(encoded);
  if (known) return known;
  const { plain } = encoded as EncodedEvent & { readonly plain: Buffer };
  const { event, data } = JSON.parse(plain.toString("utf8", plain.indexOf("{"))) as { event: string; data: unknown };
  const frame = { event, payload: data };
  frames.set(encoded, frame);
  return frame;
}
