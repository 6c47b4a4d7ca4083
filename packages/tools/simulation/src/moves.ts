// What can happen in a schedule. One more kind of event is one more entry of the table.
import type { ClientRoom, SimulatedClient } from "./client.js";
import type { RoomLog } from "./room-log.js";
import { Machine } from "./scheduler.js";
import type { World } from "./world.js";

/** Does something with the world. Where there is nothing to do it with, nothing happens. */
type Move = (world: World) => void;

const logOf = ({ scheduler, logs }: World): RoomLog => scheduler.random.pick([...logs.values()])!;
const gatewayOf = ({ scheduler, gateways }: World) => scheduler.random.pick(gateways)!;
const connected = ({ scheduler, clients }: World) =>
  scheduler.random.pick(clients.filter(({ connection }) => connection));

/** Lets a client do something in a room of that state, if there is one. */
function inRoom(
  { scheduler, clients }: World,
  state: ClientRoom["state"],
  act: (client: SimulatedClient, room: ClientRoom) => void,
): void {
  const places = clients
    .filter(({ authenticated }) => authenticated)
    .flatMap((client) => [...client.rooms.values()].map((room) => ({ client, room })))
    .filter(({ room }) => room.state === state);
  const place = scheduler.random.pick(places);
  if (!place) return;
  const { client, room } = place;
  scheduler.after(0, client.machine, `acts in room ${room.log.index}`, () => act(client, room));
}

/** What is most likely to get lost or doubled while a session moves. */
const meanwhile = ["append", "read", "read", "read", "read", "type", "type", "type", "readmit"] as const;

export const moves = {
  append(world) {
    const { random } = world.scheduler;
    const log = logOf(world);
    world.commit(log, log.append(random.chance(0.7) ? random.pick([...log.members]) : undefined));
  },
  burst(world) {
    const log = logOf(world);
    for (let n = world.scheduler.random.below(12); n >= 0; n--) world.commit(log, log.append());
  },
  remove(world) {
    const log = logOf(world);
    const userId = world.scheduler.random.pick([...log.members]);
    if (userId !== undefined) world.commit(log, log.remove(userId));
  },
  admit(world) {
    const log = logOf(world);
    const userId = world.scheduler.random.pick(world.users.filter((one) => !log.members.has(one)));
    if (userId !== undefined) world.admit(log, userId);
  },
  /** An admin adds several people at once. */
  admitAll(world) {
    const log = logOf(world);
    for (const userId of world.users) if (!log.members.has(userId)) world.admit(log, userId);
  },
  update(world) {
    const log = logOf(world);
    world.commit(log, log.update(world.scheduler.random.pick(["member_updated", "room_updated"] as const)!));
  },
  /** Takes somebody out, and lets them in again. */
  readmit(world) {
    const log = logOf(world);
    const userId = world.scheduler.random.pick([...log.members]);
    if (userId === undefined) return;
    world.commit(log, log.remove(userId));
    world.admit(log, userId);
  },
  announceAgain(world) {
    const { scheduler, apis } = world;
    const log = logOf(world);
    const entry = scheduler.random.pick(log.after(0, log.head));
    if (entry) scheduler.random.pick(apis)?.announce(log, entry);
  },
  read(world) {
    const { random } = world.scheduler;
    const log = logOf(world);
    const userId = random.pick([...log.members]);
    if (userId !== undefined) world.read(log, userId, random.chance(0.3));
  },
  /** Old entries are not kept for ever. */
  prune(world) {
    const log = logOf(world);
    log.floor = Math.max(log.floor, log.head - world.scheduler.random.below(20));
  },
  connect(world) {
    const client = world.scheduler.random.pick(world.clients.filter(({ connection }) => !connection));
    if (client) world.connect(client);
  },
  disconnect(world) {
    const client = connected(world);
    if (client) world.scheduler.after(0, client.machine, "disconnects", () => client.connection?.end());
  },
  cutClient(world) {
    const { random } = world.scheduler;
    connected(world)?.connection?.cut(random.between(0, 1_000), random.between(0, 8_000));
  },
  /** A client's upgrade reaches another gateway, which takes its session over. Between the steps more happens than else. */
  upgrade(world) {
    const { scheduler } = world;
    const { random } = scheduler;
    const client = random.pick(world.clients.filter(({ connection }) => connection?.mayUpgrade));
    if (!client || world.gateways.length === 1) return;
    const elsewhere = new Machine("world");
    const onStep = () => {
      for (const name of meanwhile)
        if (random.chance(0.4)) scheduler.after(random.between(0, 100), elsewhere, name, () => moves[name](world));
    };
    scheduler.after(0, client.machine, "upgrades", () => world.upgrade(client, onStep));
  },
  join: (world) => inRoom(world, "out", (client, room) => void client.join(room)),
  joinAgain: (world) => inRoom(world, "in", (client, room) => void client.join(room)),
  leave: (world) =>
    inRoom(world, "in", (client, room) => {
      if (!client.isJoining(room)) void client.leave(room);
    }),
  type: (world) => inRoom(world, "in", (client, room) => client.type(room, world.scheduler.random.chance(0.7))),
  killGateway: (world) => world.kill(gatewayOf(world)),
  shutDownGateway: (world) => world.shutDown(gatewayOf(world)),
  stallGateway(world) {
    const { now, random } = world.scheduler;
    gatewayOf(world).machine.stall(now + random.between(0, random.chance(0.2) ? 7_000 : 500));
  },
  cutBus(world) {
    const { scheduler } = world;
    const { machine, bus } = gatewayOf(world);
    const cutMs = scheduler.random.between(1, 4_000);
    world.noteLosses(cutMs);
    scheduler.after(0, machine, "loses the bus", bus.cut);
    scheduler.after(cutMs, machine, "has the bus back", () => bus.restore());
  },
  replaceApi(world) {
    const api = world.scheduler.random.pick(world.apis);
    if (api) world.replaceApi(api);
  },
  stallApi(world) {
    const { now, random } = world.scheduler;
    random.pick(world.apis)?.machine.stall(now + random.between(0, random.chance(0.2) ? 7_000 : 500));
  },
} satisfies Record<string, Move>;

export type MoveName = keyof typeof moves;
