// A connection between a client and a gateway, which may move to another one: the client keeps it, each gateway sees a `Socket` of its own.
import { closeCodes } from "@khui/contracts";
import type { Ack, CloseHandler, EncodedEvent, EventHandler, Socket, TakeoverAnswer } from "@khui/socketio";
import type { Machine, Scheduler } from "./scheduler.js";

/** What a client is sent: an event, or an acknowledgement. */
export interface Frame {
  readonly event: string;
  readonly payload: unknown;
}

/** What a client sends. `ack` is called with the answer, if there is one. */
export interface ClientEvent {
  readonly event: string;
  readonly payload: unknown;
  readonly ack?: ((answer: unknown) => void) | undefined;
}

/** How the connection carries what is sent; a schedule draws it, and changes it. */
export interface ConnectionConditions {
  delayMs: number;
  /** The client takes a frame at a time, each this long after the one before. */
  readMs: number;
  /** As how large a frame counts, whatever it holds. */
  readonly frameBytes: number;
}

/** The gateway's end of a path. */
export interface Receiver {
  receive(event: ClientEvent): void;
  /** The client has closed, or the gateway notices that the path is cut. */
  lose(reason: string): void;
}

const clientClosed = "client closed";
/** Bytes that a client may leave unread, as the gateway sets it. */
const sendBudget = 2.5 * 1024 * 1024;
/** A client whose upgrade is cut between its last poll and its upgrade packet notices nothing for so long. */
const unnoticedMs = 20_000;

/** What carries frames between a client and one gateway: two ordered streams. */
export class Path {
  /** Set as soon as the gateway takes what comes. */
  receiver: Receiver | undefined;
  /** What is on its way is lost. */
  #cut = false;
  /** When the last frame of each direction arrives. */
  #atClient = 0;
  #atGateway = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly client: Machine,
    readonly gateway: Machine,
    readonly conditions: ConnectionConditions,
    private readonly onLost: (path: Path) => void,
  ) {}

  delay(): number {
    return this.scheduler.random.draw() * this.conditions.delayMs;
  }

  toClient(label: string, arrive: () => void): void {
    const { scheduler, client, conditions } = this;
    const at = Math.max(this.#atClient + conditions.readMs, scheduler.now + this.delay());
    this.#atClient = at;
    scheduler.at(at, client, label, () => {
      if (!this.#cut) arrive();
    });
  }

  toGateway(label: string, arrive: () => void): void {
    const { scheduler, gateway } = this;
    this.#atGateway = Math.max(this.#atGateway, scheduler.now + this.delay());
    scheduler.at(this.#atGateway, gateway, label, () => {
      if (!this.#cut) arrive();
    });
  }

  /** The gateway closes: what was sent before still arrives. */
  close(): void {
    this.toClient("close", () => this.onLost(this));
  }

  /** The client closes. */
  end(): void {
    this.toGateway("close", () => this.receiver?.lose(clientClosed));
  }

  /** Nothing more comes through, and the client notices after a while. */
  stop(label: string, clientMs: number): void {
    this.#cut = true;
    this.scheduler.after(clientMs, this.client, label, () => this.onLost(this));
  }

  /** The gateway's machine died: what it had sent may still arrive. */
  abandon(clientMs: number): void {
    this.close();
    this.scheduler.after(clientMs, this.client, "notices the death", () => this.onLost(this));
  }

  /** The network between them fails: each side notices after a time of its own, and what is on its way is lost. */
  cut(clientMs: number, gatewayMs: number): void {
    this.stop("notices the cut", clientMs);
    this.scheduler.after(gatewayMs, this.gateway, "notices the cut", () => this.receiver?.lose("ping timeout"));
  }
}

export interface ConnectionOptions {
  /** Of the session, wherever it is. */
  readonly sid: string;
  /** The gateway that opened it. */
  readonly owner: string;
  readonly path: (onLost: (path: Path) => void) => Path;
  /** At a gateway, as soon as it sends something. */
  readonly onSent: (frame: Frame) => void;
  readonly onFrame: (frame: Frame) => void;
  /** The client notices that the connection is over. */
  readonly onClosed: () => void;
}

/** The client's side. */
export class SimulatedConnection {
  open = true;
  /** Where the client sends. */
  path: Path;
  /** An upgrade to another gateway. */
  #upgrade: { readonly path: Path; state: "probing" | "leaving" | "cut" } | undefined;
  /** What the client sends while it leaves polling waits. */
  readonly #waiting: ClientEvent[] = [];
  #upgraded = false;
  /** What a gateway has given along, which does not have to be bytes here. */
  readonly #parcels: Parcel[] = [];

  constructor(readonly options: ConnectionOptions) {
    this.path = options.path((path) => this.#onLost(path));
  }

  /** It is on polling, and does not upgrade. */
  get mayUpgrade(): boolean {
    return this.open && !this.#upgraded && !this.#upgrade;
  }

  get isUpgrading(): boolean {
    return this.#upgrade !== undefined;
  }

  /** Sends an event; `ack` is called with the answer, if there is one. */
  request(event: string, payload: unknown, ack?: (answer: unknown) => void): void {
    const sent = { event, payload, ack };
    if (this.#upgrade && this.#upgrade.state !== "probing") this.#waiting.push(sent);
    else this.#send(sent);
  }

  #send(sent: ClientEvent): void {
    const { path } = this;
    path.toGateway(sent.event, () => path.receiver?.receive(sent));
  }

  /** The client closes. */
  end(): void {
    this.path.end();
    this.#close();
  }

  cut(clientMs: number, gatewayMs: number): void {
    this.path.cut(clientMs, gatewayMs);
    this.#upgrade?.path.cut(clientMs, gatewayMs);
  }

  /** Opens a path to another gateway, and probes it: `arrive` makes its receiver, which calls `leave` once it may come. */
  upgrade(
    open: (onLost: (path: Path) => void) => Path,
    arrive: (path: Path, leave: () => void) => UpgradeReceiver,
  ): void {
    const path = open((lost) => this.#onLost(lost));
    const upgrade = { path, state: "probing" as const };
    this.#upgrade = upgrade;
    path.toGateway("2probe", () => {
      const arriving = arrive(path, () => path.toClient("3probe", () => this.#leavePolling(arriving, upgrade)));
      path.receiver = arriving;
    });
  }

  /** The client's last poll and POST end: nothing is under way on the old path by then. */
  #leavePolling(arriving: UpgradeReceiver, upgrade: { readonly path: Path; state: string }): void {
    if (!this.open || this.#upgrade !== upgrade) return;
    upgrade.state = "leaving";
    const { path } = this;
    path.toGateway("last poll", () => {
      if (path.receiver instanceof SimulatedSocket) path.receiver.expectNoPoll();
      path.toClient("last poll ends", () => {
        if (!this.open || this.#upgrade !== upgrade || upgrade.state !== "leaving") return;
        this.#upgrade = undefined;
        this.#upgraded = true;
        this.path = upgrade.path;
        upgrade.path.toGateway("5", () => arriving.onUpgrade());
        for (const event of this.#waiting.splice(0)) this.#send(event);
      });
    });
  }

  #onLost(path: Path): void {
    if (path === this.path) this.#close();
    else if (path === this.#upgrade?.path) this.#onUpgradeLost(this.#upgrade);
  }

  #onUpgradeLost(upgrade: { readonly path: Path; state: string }): void {
    if (upgrade.state === "probing") this.#upgrade = undefined;
    if (upgrade.state !== "leaving") return;
    upgrade.state = "cut";
    const { scheduler, client } = upgrade.path;
    scheduler.after(scheduler.random.between(0, unnoticedMs), client, "notices its lost upgrade", () => this.#close());
  }

  #close(): void {
    if (!this.open) return;
    this.open = false;
    this.#upgrade?.path.end();
    this.#upgrade = undefined;
    this.options.onClosed();
  }

  pack(parcel: Parcel): string {
    return String(this.#parcels.push(parcel) - 1);
  }

  unpack(name: string): Parcel {
    return this.#parcels[Number(name)]!;
  }
}

/** Frames that the client has not been sent, and events that nobody has handled. */
export interface Parcel {
  readonly frames: readonly Frame[];
  readonly held: readonly ClientEvent[];
}

/** A receiver before the session is there. */
export interface UpgradeReceiver extends Receiver {
  /** The client has left polling. */
  onUpgrade(): void;
}

/** A session that waits for its client to arrive at another gateway, which gave the token. */
export interface PendingMove {
  readonly token: string;
  /** The other gateway knows that it may come. */
  readonly answered: boolean;
  handOver(): TakeoverAnswer;
  cancel(): void;
}

/** One gateway's side. */
export class SimulatedSocket implements Socket, Receiver {
  readonly id: string;
  readonly kind = "socketio";
  data: unknown;
  bufferedBytes = 0;
  /** As the gateway's engine knows it. */
  open = true;
  reservation: PendingMove | undefined;
  /** How often another gateway has reserved it. */
  reservations = 0;
  #onEvent: EventHandler | undefined;
  #onClose: CloseHandler[] = [];
  #closeReported = false;
  /** Events that wait until it is decided where the session goes on. */
  #held: ClientEvent[] | undefined;
  /** The client polls no more. */
  #unsent: Frame[] | undefined;

  constructor(
    readonly connection: SimulatedConnection,
    readonly path: Path,
    readonly transport: "polling" | "websocket",
    /** The socket has closed, or moved. */
    private readonly onGone: (socket: SimulatedSocket) => void,
  ) {
    this.id = `socket of ${path.client.name}`;
  }

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
    if (!this.open) return;
    this.open = false;
    if (this.reservation?.answered === false) this.reservation.cancel();
    if (!this.#unsent) this.path.close();
    this.#reportClose(this.path.delay(), reason);
  }

  receive({ event, payload, ack }: ClientEvent): void {
    if (this.#held) this.#held.push({ event, payload, ack });
    else if (this.open) {
      const answer: Ack | undefined = ack && ((answered) => this.#send({ event: "ack", payload: { answered, ack } }));
      this.#onEvent?.(event, [payload], answer, this);
    }
  }

  lose(reason: string): void {
    // What the client sent before it closed comes first.
    if (reason !== clientClosed) this.open = false;
    this.reservation?.cancel();
    this.open = false;
    this.#reportClose(0, reason);
  }

  /** From now on the client's events wait. */
  hold(): void {
    this.#held = [];
  }

  /** What has waited is handled, and all that follows. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.receive(event);
    this.#missPoll();
  }

  /** What is sent from now on waits. */
  expectNoPoll(): void {
    this.#unsent ??= [];
    this.#missPoll();
  }

  /** Notices that its client has left, and went nowhere. */
  #missPoll(): void {
    if (!this.#unsent || !this.open || this.reservation) return;
    setTimeout(() => this.lose("transport close"), this.path.scheduler.random.between(0, 5_000));
  }

  /** Ends it here, in one step, and returns what goes on elsewhere. */
  moveAway(): Parcel {
    const parcel = { frames: this.#unsent ?? [], held: this.#held ?? [] };
    this.open = false;
    this.#notifyClosed("moved");
    return parcel;
  }

  /** Sends on what another gateway has queued. */
  forward(frames: readonly Frame[]): void {
    for (const frame of frames) this.#queue(frame);
  }

  #send(frame: Frame): void {
    if (!this.open) return;
    this.connection.options.onSent(frame);
    this.#queue(frame);
  }

  #queue(frame: Frame): void {
    const { connection, path } = this;
    const { frameBytes } = path.conditions;
    this.bufferedBytes += frameBytes;
    if (this.bufferedBytes > sendBudget) this.#overflow();
    if (this.#unsent) this.#unsent.push(frame);
    else
      path.toClient(frame.event, () => {
        this.bufferedBytes -= frameBytes;
        if (connection.open) connection.options.onFrame(frame);
      });
  }

  /** A client that leaves too much unread: it gets nothing more, not even what waits. */
  #overflow(): void {
    this.open = false;
    this.path.stop("closed as a slow consumer", this.path.delay());
    this.#reportClose(0, closeCodes.slow_consumer.reason);
  }

  #reportClose(delayMs: number, reason: string): void {
    const { scheduler, gateway } = this.path;
    scheduler.after(delayMs, gateway, `socket closed: ${reason}`, () => this.#notifyClosed(reason));
  }

  #notifyClosed(reason: string): void {
    if (this.#closeReported) return;
    this.#closeReported = true;
    this.onGone(this);
    for (const handler of this.#onClose) handler(reason, this);
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
