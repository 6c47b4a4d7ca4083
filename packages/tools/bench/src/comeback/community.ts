// People and their rooms, as many as are needed: everyone is in one large room and in some small ones.
import type { Client } from "pg";
import type { People } from "../people.js";
import { type BenchRoom, fillHistories, fillRooms, idOf } from "../rooms.js";

export interface Community {
  readonly rooms: readonly BenchRoom[];
  /** The ids of each person's rooms, by the person's index. */
  readonly roomsOf: ReadonlyArray<readonly string[]>;
}

export interface CommunityPlan {
  readonly people: People;
  /** Distinguishes the rooms' ids from those of other communities: 16 to 239. */
  readonly kind: number;
  readonly largeRoom: number;
  readonly smallRoom: number;
  /** Small rooms of each person. */
  readonly smallRooms: number;
  /** Messages in each room. */
  readonly messages: number;
}

/** Writes the rooms and their messages into the services' tables. */
export async function fillCommunity(db: Client, plan: CommunityPlan): Promise<Community> {
  const { people, kind, largeRoom, smallRoom, smallRooms, messages } = plan;
  const everyone = people.ids.map((_, n) => n);
  const groups = [
    ...grouped(everyone, largeRoom),
    // Each time with other people.
    ...Array.from({ length: smallRooms }, (_, k) => grouped(strided(everyone, smallRoom + k), smallRoom)).flat(),
  ];
  const rooms = groups.map((members, n) => ({ id: idOf(kind, n), members }));
  const roomsOf: string[][] = people.ids.map(() => []);
  for (const { id, members } of rooms) for (const n of members) roomsOf[n]!.push(id);
  await fillRooms(db, rooms, people.ids);
  const senders = rooms.map(({ id, members }) => ({
    roomId: id,
    senders: [people.ids[members[0]!]!, people.ids[members.at(-1)!]!] as const,
  }));
  await fillHistories(db, { kind: kind + 1, rooms: senders, size: messages });
  return { rooms, roomsOf };
}

const grouped = (items: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));

/** All items, first every `step`-th, then the ones after those, and so on. */
const strided = (items: readonly number[], step: number): number[] =>
  Array.from({ length: step }, (_, offset) => items.filter((_item, n) => n % step === offset)).flat();
