// Where neighbours live: a system under the limits that ship, and the worst data that its API lets anybody make.
import { type DistributedSystem, startDistributed } from "@khui/test-kit/distributed";
import { createUser, type User } from "@khui/test-kit/user";
import pg from "pg";
import { makePeople, type People } from "../people.js";
import { fillHistories, fillRooms, idOf } from "../rooms.js";
import type { Undo } from "../undo.js";

/** One account of an adversary. */
export interface Account {
  readonly id: string;
  readonly token: string;
  /** A message of their own in the square. */
  readonly ownMessage: string;
  /** Of the same list. */
  readonly rooms: readonly string[];
}

/** What attacks refer to. All accounts and the crowd are in the rooms, unless it says otherwise. */
export interface Stage {
  readonly url: string;
  /** Full of messages of the longest text, none of which the accounts have read. */
  readonly square: string;
  readonly squareMessages: readonly string[];
  /** Edited until no more history is kept, and with fifty reactions. */
  readonly worstMessage: string;
  /** Nobody but the crowd is in it; anybody may join. */
  readonly open: string;
  /** All accounts are its admins. */
  readonly governed: string;
  readonly sticker: { readonly setId: string; readonly stickerId: string; readonly stickerType: string };
}

export interface Setting {
  readonly system: DistributedSystem;
  readonly stage: Stage;
  /** As many as were asked for. */
  readonly accounts: readonly Account[];
  /** People who are connected, and see what happens in the rooms. */
  readonly crowd: People;
  /** The room of the victims, and its members, who are in no other. */
  readonly home: string;
  readonly victims: People;
}

/** Those of `packages/service` and rooms-api. An address may stand for many machines of one adversary. */
const limits = {
  LIMIT_PER_USER: "1200",
  LIMIT_ROOMS_CREATED: "30",
  LIMIT_PEOPLE_ADDED: "600",
  LIMIT_AVATARS: "30",
  MEDIA_MAX_UPLOADS_PER_USER: "5",
};
/** The most characters of a text, each of three bytes. */
export const longestText = "ก".repeat(10_000);
const [crowdSize, victimCount, roomsEach, squareMessages] = [60, 8, 500, 400];
/** A small room has at most 200 members: these and the crowd. */
const accountsToAList = 120;
const reactions = 50;

/** Resolves when it is ready. */
export async function setStage(accountCount: number, undo: Undo): Promise<Setting> {
  const system = await startDistributed(limits, {
    replicas: { "messages-api": 1, "realtime-gateway": 1 },
  });
  undo.add(system.stop);
  const db = new pg.Client({ connectionString: system.backends.postgresUrl });
  await db.connect();
  undo.add(() => db.end());
  const crowd = makePeople(system.secret, crowdSize, "crowd");
  const adversaries = makePeople(system.secret, accountCount, "adversary");
  const victims = makePeople(system.secret, victimCount, "victim");
  const [square, open, governed, home] = [idOf(5, 0), idOf(5, 1), idOf(5, 2), idOf(5, 3)];
  const lists = await fillAll(db, { crowd, adversaries, victims, square, open, governed, home });

  const userOf = (people: People, n: number): User => {
    const connect = () => Promise.reject(new Error("no sockets here"));
    return createUser(system.url, { id: people.ids[n]!, name: "", token: people.tokens[n]! }, connect);
  };
  const send = async (user: User): Promise<string> => {
    const { body } = await user.post(`/rooms/${square}/messages`, { content: "mine" });
    return body.data._id;
  };
  const author = userOf(crowd, 0);
  const worstMessage = await send(author);
  const edit = (n: number) =>
    author.put(`/messages/${worstMessage}`, { content: `${n} ${longestText}`.slice(0, 10_000) });
  for (let n = 0; (await edit(n)).body.success; n++);
  for (let n = 0; n < reactions; n++)
    await userOf(crowd, n).post(`/messages/${worstMessage}/reactions`, { emoji: String.fromCodePoint(0x1f600 + n) });
  const accounts: Account[] = [];
  for (const [n, id] of adversaries.ids.entries()) {
    const ownMessage = await send(userOf(adversaries, n));
    accounts.push({ id, token: adversaries.tokens[n]!, ownMessage, rooms: lists[Math.floor(n / accountsToAList)]! });
  }
  const sets = await author.get("/stickers/sets?limit=1");
  const [set] = sets.body.stickerSets as Array<{ _id: string }>;
  const listed = await author.get(`/stickers/sets/${set!._id}/stickers`);
  const [sticker] = listed.body.stickers as Array<{ stickerId: string; type: string }>;
  const stage: Stage = {
    url: system.url,
    square,
    squareMessages: Array.from({ length: squareMessages }, (_, n) => idOf(6, n)),
    worstMessage,
    open,
    governed,
    sticker: { setId: set!._id, stickerId: sticker!.stickerId, stickerType: sticker!.type },
  };
  return { system, stage, accounts, crowd, home, victims };
}

interface Everyone {
  readonly crowd: People;
  readonly adversaries: People;
  readonly victims: People;
  readonly square: string;
  readonly open: string;
  readonly governed: string;
  readonly home: string;
}

/** Writes all rooms into the services' tables. Returns the lists of rooms that the accounts share. */
async function fillAll(db: pg.Client, everyone: Everyone): Promise<string[][]> {
  const { crowd, adversaries, victims, square, open, governed, home } = everyone;
  const ids = [...crowd.ids, ...adversaries.ids, ...victims.ids];
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
  const outsiders = crowd.ids.length + adversaries.ids.length;
  const lists = Array.from({ length: Math.ceil(adversaries.ids.length / accountsToAList) }, (_, list) =>
    range(0, roomsEach).map((n) => idOf(7, list * roomsEach + n)),
  );
  const membersOf = (list: number) => {
    const from = crowd.ids.length + list * accountsToAList;
    return [...range(0, crowd.ids.length), ...range(from, Math.min(outsiders, from + accountsToAList))];
  };
  await fillRooms(
    db,
    [
      { id: square, members: range(0, outsiders) },
      { id: open, members: range(0, crowd.ids.length) },
      { id: governed, members: range(0, outsiders) },
      { id: home, members: range(outsiders, ids.length) },
      ...lists.flatMap((rooms, list) => rooms.map((id) => ({ id, members: membersOf(list) }))),
    ],
    ids,
  );
  const senders = [crowd.ids[0]!, crowd.ids[1]!] as const;
  await fillHistories(db, { kind: 6, rooms: [{ roomId: square, senders }], size: squareMessages });
  await db.query("UPDATE messages.messages SET content = $2 WHERE room_id = $1", [square, longestText]);
  for (const table of ["rooms.participants", "messages.members"])
    await db.query(`UPDATE ${table} SET role = 'admin' WHERE room_id = $1`, [governed]);
  return lists;
}
