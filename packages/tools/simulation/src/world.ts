// Everything that a schedule plays with: the database, two messages-api, the gateways, and the clients of some users.
import type { LogEntry } from "@khui/contracts";
import { createLocalPresence } from "@khui/presence/local";
import { SimulatedClient } from "./client.js";
import { type ConnectionConditions, type Frame, Path, SimulatedConnection, SimulatedSocket } from "./connection.js";
import { drain, type GatewayMachine, startGatewayMachine } from "./gateway-machine.js";
import { type ApiConditions, type MessagesApi, startMessagesApi } from "./messages-api.js";
import { RoomLog } from "./room-log.js";
import { Machine, type Scheduler } from "./scheduler.js";
import { createNetwork, type NetworkConditions } from "./simulated-bus.js";
import { Arrival } from "./takeover.js";

export interface Conditions {
  readonly network: NetworkConditions;
  readonly api: ApiConditions;
  readonly connections: ConnectionConditions;
}

export interface WorldSize {
  readonly gateways: number;
  readonly rooms: number;
  readonly users: number;
  readonly clients: number;
}

/** With so many others a room is a large one, where nobody is told who is online. */
const crowd = 250;
/** Until subscriptions are active again. */
const reconnectingMs = 2_000;

export class World {
  readonly logs = new Map<string, RoomLog>();
  readonly users: readonly string[];
  readonly clients: readonly SimulatedClient[];
  apis: MessagesApi[] = [];
  gateways: GatewayMachine[] = [];
  readonly issues: string[] = [];
  readonly #network: ReturnType<typeof createNetwork>;
  readonly #presence = createLocalPresence();
  #machines = 0;
  #sessions = 0;
  #lossyUntil = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly conditions: Conditions,
    size: WorldSize,
  ) {
    const { random } = scheduler;
    this.#network = createNetwork(scheduler, conditions.network);
    this.users = Array.from({ length: size.users }, (_, n) => `user${n}`);
    for (let n = 0; n < size.rooms; n++) {
      const log = new RoomLog(n, random.chance(0.2) ? crowd : 0);
      this.logs.set(log.roomId, log);
      for (const userId of this.users) if (random.chance(0.7)) log.admit(userId);
    }
    this.apis = [0, 1].map(() => this.#startApi());
    this.gateways = Array.from({ length: size.gateways }, () => this.#startGateway());
    this.clients = Array.from({ length: size.clients }, (_, n) => {
      const userId = this.users[n % size.users]!;
      return new SimulatedClient(userId, new Machine(`client${n}`), scheduler, this.logs.values(), this.report);
    });
  }

  readonly report = (issue: string): void => {
    this.scheduler.note(`ISSUE ${issue}`);
    this.issues.push(issue);
  };

  // The database and messages-api.

  /** Commits an entry, which one of the replicas announces. */
  commit(log: RoomLog, entry: LogEntry): void {
    this.scheduler.note(`committed: ${entry.event} ${entry.seq} of room ${log.index} ${entry.left ?? ""}`);
    this.scheduler.random.pick(this.apis)?.announce(log, entry);
  }

  admit(log: RoomLog, userId: string): void {
    this.commit(log, log.admit(userId));
    this.scheduler.random.pick(this.apis)?.announceMember(log, userId);
  }

  /** A user has read all. `isOld`: as the release before announces it, to all in the room. */
  read(log: RoomLog, userId: string, isOld: boolean): void {
    const { conditions, scheduler } = this;
    const mayGetLost =
      conditions.network.lossShare > 0 || conditions.api.unannouncedShare > 0 || scheduler.now < this.#lossyUntil;
    if (!mayGetLost)
      for (const client of this.clients)
        if (isOld || client.userId === userId) client.expectRead(log, userId, log.head);
    scheduler.random.pick(this.apis)?.announceRead(log, userId, isOld);
  }

  /** What is published once gets lost now, and for so long (ms) from now on. */
  noteLosses(forMs: number): void {
    this.#lossyUntil = Math.max(this.#lossyUntil, this.scheduler.now + forMs + reconnectingMs);
    for (const client of this.clients) client.expectNoReads();
  }

  /** A replica of messages-api dies, and another takes its place. */
  replaceApi(api: MessagesApi): void {
    this.noteLosses(0);
    api.machine.kill();
    api.bus.forget();
    this.apis = this.apis.map((one) => (one === api ? this.#startApi() : one));
  }

  // The gateways.

  /** Connects a client to a gateway that takes it, as the edge would. */
  connect(client: SimulatedClient): void {
    const { scheduler } = this;
    const { random } = scheduler;
    const target = random.pick(this.gateways.filter(({ draining }) => !draining));
    if (!target) return;
    const connection: SimulatedConnection = new SimulatedConnection({
      sid: `session${this.#sessions++}`,
      owner: target.engine.instanceId,
      path: this.#pathTo(client, target),
      onSent: (frame) => this.#check(client.userId, frame),
      onFrame: (frame) => client.take(frame),
      onClosed: () => client.closed(connection),
    });
    const socket = this.#open(connection, connection.path, target, "polling");
    client.connection = connection;
    const byHandshake = random.chance(0.3);
    const together = random.chance(0.5);
    const auth = byHandshake ? { token: client.userId } : {};
    const welcome = () => {
      if (connection.open) void client.enter(byHandshake, together);
    };
    connection.path.toGateway("connect", () => void this.#accept(target, socket, auth, welcome));
  }

  /** The gateway decides on a connection, as its engine lets it. */
  async #accept(target: GatewayMachine, socket: SimulatedSocket, auth: { token?: string }, welcome: () => void) {
    const { gateway, engine } = target;
    const handshake = { auth, query: {}, headers: {}, address: "10.0.0.1" };
    const admitted = await gateway.admit(handshake);
    if (!socket.open) return;
    engine.sessions.set(socket.connection.options.sid, socket);
    socket.path.toClient("connected", welcome);
    gateway.connect(socket, { ...handshake, admitted });
  }

  /** Requests an upgrade, which reaches another gateway than the client's. `onStep` is called when that one has prepared, and takes over. */
  upgrade(client: SimulatedClient, onStep: () => void): void {
    const { scheduler } = this;
    const { connection } = client;
    const owner = connection?.path.gateway;
    const target = scheduler.random.pick(
      this.gateways.filter(({ machine, draining }) => machine !== owner && !draining),
    );
    if (!connection?.mayUpgrade || !target) return;
    connection.upgrade(this.#pathTo(client, target), (path, leave) => {
      const invite = () => {
        onStep();
        leave();
      };
      const onMoved = () => {
        onStep();
        return this.#open(connection, path, target, "websocket");
      };
      return new Arrival(target.engine, path, connection.options, invite, onMoved);
    });
  }

  /** Whether a session is between two gateways. */
  get isMoving(): boolean {
    return this.gateways.some(
      ({ engine, sockets }) => engine.arrivals.size > 0 || [...sockets].some(({ reservation }) => reservation),
    );
  }

  kill(target: GatewayMachine): void {
    const { random } = this.scheduler;
    target.machine.kill();
    for (const { path } of [...target.sockets, ...target.engine.arrivals]) {
      if (random.chance(0.5)) path.cut(random.between(0, 2_000), 0);
      else path.abandon(random.between(0, 2_000));
    }
    this.scheduler.after(random.between(0, 3_000), new Machine("nats"), "forgets a gateway", () => target.bus.forget());
    this.#replace(target);
  }

  shutDown(target: GatewayMachine): void {
    const { scheduler } = this;
    const graceMs = scheduler.random.between(0, 2_000);
    scheduler.after(0, target.machine, "drains", () => void drain(scheduler, target, graceMs).catch(this.report));
    target.draining = true;
    this.#replace(target);
  }

  #pathTo(client: SimulatedClient, { machine }: GatewayMachine) {
    const conditions = { ...this.conditions.connections };
    return (onLost: (path: Path) => void) => new Path(this.scheduler, client.machine, machine, conditions, onLost);
  }

  #open(
    connection: SimulatedConnection,
    path: Path,
    target: GatewayMachine,
    transport: "polling" | "websocket",
  ): SimulatedSocket {
    const socket = new SimulatedSocket(connection, path, transport, () => target.sockets.delete(socket));
    path.receiver = socket;
    target.sockets.add(socket);
    return socket;
  }

  #replace(target: GatewayMachine): void {
    this.gateways = this.gateways.map((one) => (one === target ? this.#startGateway() : one));
  }

  #startGateway(): GatewayMachine {
    const { scheduler, report } = this;
    const machine = new Machine(`gateway${this.#machines++}`);
    const bus = this.#network.connect(machine, (error) => report(`${machine.name}: ${error}`));
    return scheduler.on(machine, () => startGatewayMachine(scheduler, machine, bus, this.#presence, report));
  }

  #startApi(): MessagesApi {
    const { scheduler, logs, conditions, report } = this;
    const machine = new Machine(`messages-api${this.#machines++}`);
    const bus = this.#network.connect(machine, (error) => report(`${machine.name}: ${error}`));
    return scheduler.on(machine, () => startMessagesApi({ scheduler, machine, bus, logs, conditions: conditions.api }));
  }

  /** Whether a user may be sent this, as their membership is now. */
  #check(userId: string, { event, payload }: Frame): void {
    const { chatRoomId, seq, only } = (payload ?? {}) as { chatRoomId?: string; seq?: number; only?: string };
    if (only !== undefined && only !== userId) this.report(`${userId} is sent ${event}, which is for ${only} alone`);
    const log = chatRoomId === undefined ? undefined : this.logs.get(chatRoomId);
    if (!log || seq === undefined || event === "joined_chat" || event === "resync_required") return;
    if (!log.maySee(userId, seq))
      this.report(`${userId} is sent ${event} ${seq} of room ${log.index} after leaving it`);
  }
}
