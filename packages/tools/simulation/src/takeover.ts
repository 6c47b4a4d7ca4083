// An upgrade that reaches another gateway than its session's, in the steps of the engine's `Arrival` and `Reservation`, for simulated sockets.
import { connectTakeovers, type Takeovers } from "@khui/realtime-gateway/internal/relay/takeover-requests";
import type { ExpectedSocket, HandoverHost, TakeoverAnswer, TakeoverRequest } from "@khui/socketio";
import type { ClientEvent, Path, PendingMove, SimulatedSocket, UpgradeReceiver } from "./connection.js";
import type { SimulatedBus } from "./simulated-bus.js";

/** As the engine has them. */
const offerTimeoutMs = 2_000;
const upgradeTimeoutMs = 10_000;
const maxMovedBytes = 256 * 1024;
const maxReservations = 3;

const refused = (reason: string): TakeoverAnswer => ({ refused: reason });

/** The part of a gateway's engine that takes sessions over, and hands them over. */
export interface TakeoverEngine {
  readonly instanceId: string;
  readonly host: HandoverHost;
  /** The sockets here, by their session's id. */
  readonly sessions: Map<string, SimulatedSocket>;
  readonly arrivals: Set<Arrival>;
  readonly takeovers: Takeovers;
  readonly onError: (error: unknown) => void;
}

/** Answers the requests of other gateways from now on. */
export function startTakeovers(
  bus: SimulatedBus,
  instanceId: string,
  host: HandoverHost,
  onError: (error: unknown) => void,
): TakeoverEngine {
  const takeovers = connectTakeovers(bus, instanceId);
  const engine = { instanceId, host, sessions: new Map(), arrivals: new Set<Arrival>(), takeovers, onError };
  takeovers.serve((request) => answer(engine, request));
  return engine;
}

async function answer(
  { host, sessions }: TakeoverEngine,
  { step, sid, token }: TakeoverRequest,
): Promise<TakeoverAnswer> {
  const socket = sessions.get(sid);
  if (!socket) return refused("unknown session");
  const { reservation } = socket;
  if (step === "reserve") {
    if (!socket.open || socket.transport === "websocket" || reservation) return refused("not on polling");
    if (socket.reservations === maxReservations) return refused("too many attempts");
    socket.reservations++;
    return new Reservation(host, socket, token).offer();
  }
  if (reservation?.token !== token) return refused("not reserved");
  if (step === "take") return reservation.handOver();
  reservation.cancel();
  return {};
}

/** At the owner: the session waits for its client to arrive elsewhere. */
export class Reservation implements PendingMove {
  answered = false;
  #offered = true;
  #timer = setTimeout(() => this.cancel(), offerTimeoutMs);
  #onCancelled: (() => void) | undefined;

  constructor(
    private readonly host: HandoverHost,
    private readonly socket: SimulatedSocket,
    readonly token: string,
  ) {
    socket.reservation = this;
    socket.hold();
  }

  offer(): Promise<TakeoverAnswer> {
    const cancelled = new Promise<TakeoverAnswer>((resolve) => {
      this.#onCancelled = () => resolve(refused("cancelled"));
    });
    return Promise.race([this.#offer(), cancelled]);
  }

  async #offer(): Promise<TakeoverAnswer> {
    const { host, socket } = this;
    let offer: unknown;
    try {
      offer = await host.offer(socket);
    } catch (error) {
      this.cancel();
      return refused(String(error));
    }
    if (socket.reservation !== this) return refused("cancelled");
    if (!socket.open || socket.bufferedBytes > maxMovedBytes) {
      this.cancel();
      return refused("too much is queued");
    }
    this.answered = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cancel(), upgradeTimeoutMs);
    return { reserved: { connected: true, offer } };
  }

  /** In one step the session is over here. */
  handOver(): TakeoverAnswer {
    const { host, socket } = this;
    if (!this.answered) return refused("not reserved");
    if (socket.bufferedBytes > maxMovedBytes) {
      socket.lose("transport error");
      return refused("it cannot be moved any more");
    }
    const moves = socket.open;
    const state = moves ? host.give(socket) : undefined;
    if (moves) this.#offered = false;
    const frames = socket.connection.pack(socket.moveAway());
    this.cancel();
    const rest = { frames, held: [], nextPingMs: 0, trusted: false, socketId: socket.id };
    return { taken: { ...rest, ...(moves ? { state } : { ended: { code: 1000, reason: "closed" } }) } };
  }

  cancel(): void {
    const { host, socket } = this;
    clearTimeout(this.#timer);
    if (socket.reservation !== this) return;
    socket.reservation = undefined;
    this.#onCancelled?.();
    if (this.#offered) host.keep(socket);
    socket.resume();
  }
}

/** At the other gateway: the client's path, until the session is here. Before the upgrade packet the client stays where it is. */
export class Arrival implements UpgradeReceiver {
  #state: "reserving" | "reserved" | "taking" | "over" = "reserving";
  #expected: ExpectedSocket | undefined;
  readonly #early: ClientEvent[] = [];
  readonly #token = crypto.randomUUID();
  readonly #timer = setTimeout(() => this.cancel(), upgradeTimeoutMs);

  constructor(
    private readonly engine: TakeoverEngine,
    readonly path: Path,
    private readonly target: { readonly sid: string; readonly owner: string },
    /** Tells the client that it may come. */
    private readonly invite: () => void,
    private readonly onMoved: () => SimulatedSocket,
  ) {
    engine.arrivals.add(this);
    void this.#reserve();
  }

  onUpgrade(): void {
    if (this.#state === "reserved") void this.#take();
    else this.cancel();
  }

  receive(event: ClientEvent): void {
    if (this.#state === "taking") this.#early.push(event);
    else this.cancel();
  }

  lose(): void {
    this.cancel();
  }

  cancel(): void {
    if (this.#state === "over") return;
    if (this.#state !== "taking") this.#ask("release").catch(() => undefined);
    this.#fail();
  }

  #fail(): void {
    if (this.#state === "over") return;
    this.#leave();
    this.#expected?.cancel();
    this.path.close();
  }

  #leave(): void {
    this.#state = "over";
    clearTimeout(this.#timer);
    this.engine.arrivals.delete(this);
  }

  #ask(step: TakeoverRequest["step"]): Promise<TakeoverAnswer> {
    const { sid, owner } = this.target;
    return this.engine.takeovers.ask({ step, sid, token: this.#token }, owner);
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  async #reserve(): Promise<void> {
    try {
      const { reserved } = await this.#ask("reserve");
      const expected = reserved && (await this.engine.host.expect(reserved.offer));
      if (this.#isOver) expected?.cancel();
      else if (!expected) this.#fail();
      else {
        this.#state = "reserved";
        this.#expected = expected;
        this.invite();
      }
    } catch (error) {
      this.engine.onError(error);
      this.cancel();
    }
  }

  async #take(): Promise<void> {
    this.#state = "taking";
    try {
      const { taken } = await this.#ask("take");
      if (this.#isOver) return;
      if (!taken) return this.#fail();
      const { ended, state } = taken;
      const expected = this.#expected!;
      this.#leave();
      const socket = this.onMoved();
      const { frames, held } = socket.connection.unpack(taken.frames);
      socket.forward(frames);
      if (ended) {
        expected.cancel();
        socket.close(ended.code, ended.reason);
        return;
      }
      expected.adopt(socket, state);
      for (const event of [...held, ...this.#early]) socket.receive(event);
    } catch (error) {
      this.engine.onError(error);
      this.#fail();
    }
  }
}
