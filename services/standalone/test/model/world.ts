// Three people with four devices, their rooms, and the check that every device converges to the true state.
import { randomBytes } from "node:crypto";
import type { FetchedRoom } from "@khui/test-kit/client-model";
import { fetchRoom } from "@khui/test-kit/fetch-room";
import { eventually } from "@khui/test-kit/system";
import { createUser, type User } from "@khui/test-kit/user";
import type { Embedded } from "../../src/app.js";
import { Device } from "./device.js";

export interface Room {
  readonly id: string;
  readonly type: "private" | "group";
  readonly members: Set<User>;
}

export interface World {
  readonly people: readonly User[];
  /** The first person has two. */
  readonly devices: readonly Device[];
  /** In the order of their making. */
  readonly rooms: Room[];
  /** A new number each time: for texts and names. */
  count(): number;
  /** Rooms in which something was done since the last `converge`. */
  readonly touched: Set<Room>;
  /**
   * Resolves with the milliseconds it took until the state of every connected device equalled a fresh fetch of the touched
   * rooms; rejects with the difference when there is one for longer than `convergenceTimeoutMs`.
   */
  converge(): Promise<number>;
  /** Converges all rooms once every entry is delivered to every device and the others know it. */
  convergeDeliveries(): Promise<void>;
  /** The numbered events that each socket got from each room, by names that are the same in another world. */
  transcript(): Record<string, string[]>;
  close(): void;
}

const convergenceTimeoutMs = 8_000;
/** A fetch becomes stale while delivery marks arrive: it is repeated when the devices differ from it for this long. */
const refetchMs = 100;
/** There are hundreds of waits, most of them short. */
const pauseMs = 2;

/** People with fresh ids; all devices are connected. */
export async function makeWorld({ url, tokens }: Embedded): Promise<World> {
  const people = ["Anong", "Boon", "Chai"].map((name) => {
    const id = `${name} ${randomBytes(6).toString("hex")}`;
    const token = tokens.sign({ sub: id, name }, 3600);
    return createUser(url, { id, name, token }, () => Promise.reject(new Error("devices connect by themselves")));
  });
  const devices = [...people.slice(0, 1), ...people].map((user) => new Device(user, url));
  for (const device of devices) await device.connect([]);
  const rooms: Room[] = [];
  const touched = new Set<Room>();
  let counted = 0;

  function checkDevice(device: Device, fetched: ReadonlyMap<string, FetchedRoom>): void {
    if (device.violations.length > 0) throw new Error(device.violations.join("\n"));
    const expected = rooms.filter(({ members }) => members.has(device.user)).map(({ id }) => id);
    if ([...device.joined].sort().join() !== expected.sort().join()) throw new Error("joined other rooms");
    for (const room of fetched.values()) device.model.expectEqual(room);
  }

  async function fetchTouched(person: User): Promise<Map<string, FetchedRoom>> {
    const own = [...touched].filter(({ members }) => members.has(person));
    return new Map(await Promise.all(own.map(async ({ id }) => [id, await fetchRoom(person, id)] as const)));
  }

  async function checkPerson(person: User): Promise<void> {
    const connected = devices.filter(({ user, client }) => user === person && client);
    if (connected.length === 0) return;
    const fetched = await fetchTouched(person);
    await eventually(
      () => {
        for (const device of connected) checkDevice(device, fetched);
      },
      refetchMs,
      pauseMs,
    );
  }

  async function checkAll(): Promise<void> {
    for (const person of people) await checkPerson(person);
  }

  function checkDeliveries(): void {
    for (const device of devices.filter(({ client }) => client)) {
      for (const roomId of device.joined) {
        for (const other of devices.filter(({ joined }) => joined.has(roomId))) {
          const reached = device.model.position(roomId, other.user.id)?.deliveredSeq;
          if (reached !== device.model.seq(roomId)) throw new Error(`${other.user.id} was reached up to ${reached}`);
        }
      }
    }
  }

  async function converge(): Promise<number> {
    const start = performance.now();
    await eventually(checkAll, convergenceTimeoutMs, pauseMs);
    touched.clear();
    return performance.now() - start;
  }

  return {
    people,
    devices,
    rooms,
    count: () => ++counted,
    touched,
    converge,
    async convergeDeliveries() {
      await eventually(checkDeliveries, convergenceTimeoutMs, pauseMs);
      for (const room of rooms) touched.add(room);
      await converge();
    },
    transcript() {
      const named = devices.flatMap(({ received }, device) =>
        [...received].map(([key, events]) => {
          const [connection, roomId] = key.split(" ");
          const room = rooms.findIndex(({ id }) => id === roomId);
          return [`device ${device}, connection ${connection}, room ${room}`, events] as const;
        }),
      );
      return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    close() {
      for (const device of devices) device.disconnect();
    },
  };
}
