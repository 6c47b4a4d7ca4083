// Plays one schedule, all of which follows from its seed, and says which promises were broken.
import { type MoveName, moves } from "./moves.js";
import { Scheduler } from "./scheduler.js";
import { type Conditions, World } from "./world.js";

export interface Played {
  readonly seed: number;
  /** What was broken; empty when all is well. */
  readonly issues: readonly string[];
  /** A line for everything that happened, if wanted. */
  readonly trace: readonly string[];
  readonly events: number;
  /** Log entries that clients received. */
  readonly received: number;
}

export interface PlayOptions {
  readonly traced?: boolean;
}

/** After the last fault everything must be there within this virtual time: beyond the longest deadlines and pauses in a row. */
const settlingMs = 60_000;
const settledCheckMs = 250;
/** In which a gateway that nobody is connected to any more has let go of all rooms. */
const partingMs = 10_000;

/** After these, what is published once may never arrive. */
const losing: ReadonlySet<MoveName> = new Set(["killGateway", "shutDownGateway", "cutBus", "replaceApi"]);

/** The scheduler of the schedule that is being played: the clock of all code. */
export let active: Scheduler;

/** Plays the schedule of a seed. To be called within `withVirtualTime(() => active, …)`. */
export async function play(seed: number, { traced = false }: PlayOptions = {}): Promise<Played> {
  const scheduler = new Scheduler(seed, traced);
  active = scheduler;
  const { random } = scheduler;
  const world = new World(scheduler, drawConditions(scheduler), {
    gateways: 1 + random.below(3),
    rooms: 1 + random.below(3),
    users: 1 + random.below(4),
    clients: 1 + random.below(6),
  });

  for (const client of world.clients) {
    for (const room of client.rooms.values()) room.wanted = random.chance(0.7);
    if (random.chance(0.7)) world.connect(client);
  }
  const { network, api } = world.conditions;
  let isLossless = network.lossShare === 0 && api.unannouncedShare === 0;
  const draw = drawMoves(scheduler);
  const pauseMs = random.pick([5, 50, 300, 1_000])!;
  for (let left = 10 + random.below(60); left > 0; left--) {
    const name = draw();
    scheduler.note(`move: ${name}`);
    moves[name](world);
    if (losing.has(name)) isLossless = false;
    await scheduler.runFor(random.draw() * pauseMs);
  }

  await settle(world, isLossless);
  await part(world);
  const received = world.clients.reduce((sum, client) => sum + client.received, 0);
  return { seed, issues: world.issues, trace: scheduler.trace ?? [], events: scheduler.count, received };
}

/** Every schedule has its own weather: in many nothing is lost, and in some almost everything is slow. */
function drawConditions({ random }: Scheduler): Conditions {
  const sometimes = (share: number, least: number, most: number) =>
    random.chance(share) ? random.between(least, most) : 0;
  const pageSize = random.pick([1, 3, 100])!;
  return {
    network: {
      delayMs: random.pick([1, 10, 50])!,
      slowShare: sometimes(0.5, 0, 0.2),
      lossShare: sometimes(0.5, 0, 0.3),
      overloadShare: sometimes(0.2, 0, 0.3),
    },
    api: {
      workMs: random.pick([1, 20, 200])!,
      refusedShare: sometimes(0.2, 0, 0.5),
      unannouncedShare: sometimes(0.3, 0, 0.5),
      pageSize,
    },
    connections: {
      delayMs: random.pick([1, 20, 200])!,
      readMs: sometimes(0.2, 1, 100),
      // A page is at most 400 KB.
      frameBytes: pageSize < 100 && random.chance(0.3) ? 100_000 : 100,
    },
  };
}

/** Draws moves: of every schedule some kinds are more likely than others, and some are left out. */
function drawMoves({ random }: Scheduler): () => MoveName {
  const always: readonly MoveName[] = ["append", "burst", "connect", "upgrade", "join"];
  const names = Object.keys(moves) as MoveName[];
  const pool = names.flatMap((name) => {
    const weight = always.includes(name) ? 2 + random.below(5) : random.chance(0.5) ? 1 + random.below(5) : 0;
    return Array.from({ length: weight }, () => name);
  });
  return () => random.pick(pool)!;
}

/** Ends all faults, lets everybody back in, and waits until nothing is missing. */
async function settle(world: World, isLossless: boolean): Promise<void> {
  const { scheduler, conditions, gateways } = world;
  Object.assign(conditions.network, { slowShare: 0, lossShare: 0, overloadShare: 0 });
  Object.assign(conditions.api, { refusedShare: 0, unannouncedShare: 0 });
  for (const { machine, bus } of gateways) scheduler.after(0, machine, "has the bus back", () => bus.restore());
  const deadline = scheduler.now + settlingMs;
  let missing: string | undefined;
  do {
    for (const client of world.clients) {
      if (!client.connection) world.connect(client);
      else if (client.authenticated && client.asking === 0) {
        for (const room of client.rooms.values())
          if (room.state === "out" && room.wanted && room.log.members.has(client.userId))
            scheduler.after(0, client.machine, "joins", () => void client.join(room));
      }
    }
    await scheduler.runFor(settledCheckMs);
    missing = world.isMoving
      ? "a session is between two gateways"
      : world.clients
          .map((client) => client.unsettled() ?? (isLossless ? client.misled() : undefined))
          .find((one) => one !== undefined);
  } while (missing !== undefined && scheduler.now < deadline && world.issues.length === 0);
  if (missing !== undefined) world.report(`${missing}, ${settlingMs / 1_000} s after the last fault`);
}

/** Disconnects everybody: a gateway that nobody needs must hold nothing. */
async function part(world: World): Promise<void> {
  if (world.issues.length > 0) return;
  const { scheduler, gateways } = world;
  for (const { machine, connection } of world.clients)
    scheduler.after(0, machine, "disconnects", () => connection?.end());
  await scheduler.runFor(partingMs);
  const isPruned = [...world.logs.values()].some(({ floor }) => floor > 0);
  for (const { machine, gateway, bus } of gateways) {
    const { clients, rooms, roomListRooms, resyncs } = gateway.stats();
    if (resyncs > 0 && !isPruned) world.report(`${machine.name} has lost entries that the log has`);
    if (clients + rooms + roomListRooms > 0)
      world.report(`${machine.name} still has ${clients} clients, ${rooms} rooms and ${roomListRooms} of room lists`);
    if (bus.subscriptions > 2) world.report(`${machine.name} still holds ${bus.subscriptions} subscriptions`);
  }
}
