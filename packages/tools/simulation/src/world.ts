// Everything that a schedule plays with: the database, two messages-api, the gateways, and the clients of some users.
import type { LogEntry } from "@khui/contracts";
import { createLocalPresence } from "@khui/presence/local";
import { SimulatedClient } from "./client.js";
import { type ConnectionConditions, type Frame, SimulatedConnection } from "./connection.js";
import { drain, type GatewayMachine, startGatewayMachine } from "./gateway-machine.js";
import { type ApiConditions, type MessagesApi, startMessagesApi } from "./messages-api.js";
import { RoomLog } from "./room-log.js";
import { Machine, type Scheduler } from "./scheduler.js";
import { createNetwork, type NetworkConditions } from "./simulated-bus.js";

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

  /** A replica of messages-api dies, and another takes its place. */
  replaceApi(api: MessagesApi): void {
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
      scheduler,
      client: client.machine,
      gateway: target.machine,
      conditions: { ...this.conditions.connections },
      onSent: (frame) => this.#check(client.userId, frame),
      onFrame: (frame) => client.take(frame),
      onClosed: () => {
        target.connections.delete(connection);
        client.closed(connection);
      },
    });
    target.connections.add(connection);
    client.connection = connection;
    const byHandshake = random.chance(0.3);
    const together = random.chance(0.5);
    scheduler.after(0, target.machine, `accepts ${client.machine.name}`, () =>
      target.gateway.connect(connection, {
        auth: byHandshake ? { token: client.userId } : {},
        query: {},
        headers: {},
        address: "10.0.0.1",
      }),
    );
    scheduler.after(0, client.machine, "connects", () => void client.enter(byHandshake, together));
  }

  kill(target: GatewayMachine): void {
    const { random } = this.scheduler;
    target.machine.kill();
    for (const connection of target.connections) {
      if (random.chance(0.5)) connection.cut(random.between(0, 2_000), 0);
      else connection.abandon(random.between(0, 2_000));
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
