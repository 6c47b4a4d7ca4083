// Every statement of this service's store, and how its cost may grow.
import { defaultSettings, type RoomChange } from "@khui/contracts";
import type { Db } from "@khui/database";
import type { Case } from "@khui/test-kit/statement-cost/cases";
import { deleteForEveryone, editMessage, findMessage, hideMessage, roomOfMessage } from "../src/store/change.js";
import { filesInUse, forgetFiles, purgeDeletedMessages, unusedFiles } from "../src/store/cleanup.js";
import { editsOf, positionsOf, reactionsOf } from "../src/store/details.js";
import {
  accessRoom,
  accessRooms,
  compareHeads,
  hiddenSince,
  othersPositions,
  readLog,
  readLogs,
  roomStats,
} from "../src/store/history.js";
import { beginEpoch } from "../src/store/log-epoch.js";
import { pruneLog } from "../src/store/log-retention.js";
import { applyRoomChange } from "../src/store/membership.js";
import { type PageRequest, readPage } from "../src/store/page.js";
import { markDelivered, markReadBatch, readPositions } from "../src/store/positions.js";
import { applyProjection } from "../src/store/projection.js";
import { reactTo } from "../src/store/react.js";
import {
  activeAmong,
  contactsOf,
  describeRoom,
  describeRooms,
  listParticipants,
  listRooms,
  recentRoomsOfEach,
  smallRoomsOfEach,
} from "../src/store/room-list.js";
import { maySend, type NewMessage, sendBatch, sentBefore } from "../src/store/send.js";
import type { Scene } from "./cost-scenes.js";
import { newId, text } from "./room.js";

type Grows = NonNullable<Case<Scene>["grows"]>;
type AsUser = (db: Db, scene: Scene, userId: string) => Promise<unknown>;

/** A member gets an answer; a former member and a stranger are refused, which may cost no more. */
const asEveryone = (name: string, run: AsUser, grows: Grows = {}): Array<Case<Scene>> => [
  { name, run: (db, scene) => run(db, scene, scene.reader), grows },
  { name: `${name}, as one who left`, run: (db, scene) => run(db, scene, scene.left), refused: true, grows },
  { name: `${name}, as a stranger`, run: (db, scene) => run(db, scene, scene.stranger), refused: true, grows },
];

const day = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * day);

const batched: Grows = { "in a batch": "input" };
/** Its parts are joined without an index: the service sends 128 at a time, where a message costs least (bench:send). */
const manyRooms: Grows = { "in a batch": "square" };
const shownPeople: Grows = { members: "answer" };
/**
 * In the order of activity, a person's rooms are found by one probe each: kept in that order for everyone, each message would
 * write a row a member.
 */
const roomsOfPerson: Grows = { "rooms of a person": "size", "in a batch": "size" };

const page = (name: string, ask: (scene: Scene) => Partial<PageRequest>) =>
  asEveryone(`readPage, ${name}`, (db, scene, userId) =>
    readPage(db, {
      roomId: scene.roomId,
      userId,
      limit: 50,
      page: 1,
      before: undefined,
      beforeSeq: undefined,
      afterSeq: undefined,
      ...ask(scene),
    }),
  );

const reading = [
  ...page("the newest", () => ({})),
  ...page("before a time", ({ middle }) => ({ before: middle.at })),
  ...page("before a number", ({ middle }) => ({ beforeSeq: middle.seq })),
  ...page("after a number", ({ middle }) => ({ afterSeq: middle.seq })),
  ...page("the last page", ({ messages }) => ({ page: Math.ceil(messages / 50) })),
  ...page("beyond the last page", ({ messages }) => ({ page: messages })),
  ...asEveryone("findMessage", (db, { target }, userId) => findMessage(db, userId, target)),
  { name: "roomOfMessage", run: (db, { target }) => roomOfMessage(db, target).then((roomId) => ({ roomId })) },
  ...asEveryone("accessRoom", (db, { roomId }, userId) => accessRoom(db, roomId, userId)),
  {
    name: "accessRooms, resuming many",
    run: (db, { rooms, batch, reader }) =>
      accessRooms(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, userId: reader, afterSeq: 1 })),
      ),
    grows: batched,
  },
  ...asEveryone("roomStats", (db, { roomId }, userId) => roomStats(db, roomId, userId), shownPeople),
  {
    name: "othersPositions",
    run: (db, { roomId, reader }) => othersPositions(db, roomId, reader),
  },
  { name: "editsOf", run: (db, { target }) => editsOf(db, target), grows: { edits: "answer" } },
  {
    name: "reactionsOf",
    run: (db, { target }) => reactionsOf(db, target, undefined, 50),
    grows: { reactions: "answer" },
  },
  {
    name: "reactionsOf, further on",
    run: (db, { target }) => reactionsOf(db, target, { createdAt: new Date("2026-01-01"), userId: "reactor 1" }, 50),
    grows: { reactions: "answer" },
  },
  {
    name: "positionsOf",
    run: (db, { roomId, reader }) => positionsOf(db, { roomId, except: reader }, undefined, 50),
    grows: shownPeople,
  },
  {
    name: "positionsOf, further on",
    run: (db, { roomId, reader, members }) =>
      positionsOf(db, { roomId, except: reader }, { readSeq: 0, userId: members.at(-1)! }, 50),
    grows: shownPeople,
  },
  { name: "readLog, the newest", run: (db, { roomId, head }) => readLog(db, roomId, head - 20, 100) },
  {
    name: "readLog, from the middle",
    run: (db, { roomId, middle }) => readLog(db, roomId, middle.seq, 100),
  },
  { name: "readLog, one entry", run: (db, { roomId, head }) => readLog(db, roomId, head - 1, 1) },
  {
    name: "readLogs",
    run: (db, { rooms, batch }) =>
      readLogs(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, afterSeq: 0 })),
        100,
      ),
    grows: batched,
  },
  {
    name: "compareHeads",
    run: (db, { rooms, batch }) =>
      compareHeads(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, seq: 1 })),
      ),
    grows: batched,
  },
  {
    name: "hiddenSince, all",
    run: (db, { roomId, reader }) => hiddenSince(db, [{ roomId, userId: reader, afterSeq: 0 }], 1_001),
    grows: { "newest hidden": "answer", "every second hidden": "answer" },
  },
  {
    name: "hiddenSince, many",
    run: (db, { rooms, batch, reader }) =>
      hiddenSince(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, userId: reader, afterSeq: 1 })),
        1_001,
      ),
    grows: batched,
  },
] satisfies ReadonlyArray<Case<Scene>>;

const changing = [
  ...asEveryone("editMessage", (db, { roomId, target, reader }, userId) =>
    userId === reader
      ? editMessage(db, { userId, messageId: target, roomId, content: "edited" })
      : editMessage(db, { userId, messageId: target, roomId: undefined, content: "edited" }),
  ),
  ...asEveryone("deleteForEveryone", (db, { roomId, target }, userId) =>
    deleteForEveryone(db, { userId, messageId: target, roomId }),
  ),
  ...asEveryone("hideMessage", (db, { roomId, foreign }, userId) =>
    hideMessage(db, { userId, messageId: foreign, roomId }),
  ),
  ...asEveryone("reactTo", (db, { roomId, target }, userId) =>
    reactTo(db, { userId, messageId: target, roomId, emoji: "🎉", reactionType: null }),
  ),
  {
    name: "reactTo, taking it away",
    run: async (db, { roomId, target, reader }) => {
      const reaction = { userId: reader, messageId: target, roomId, reactionType: null };
      await reactTo(db, { ...reaction, emoji: "🎉" });
      return reactTo(db, { ...reaction, emoji: null });
    },
  },
] satisfies ReadonlyArray<Case<Scene>>;

const batchOf = ({ batch, roomId }: Scene, senderId: string, fields: (n: number) => Partial<NewMessage>) =>
  Array.from({ length: batch }, (_, n) => text(roomId, senderId, fields(n)));
const media = (fileId: string) => ({
  fileId,
  originalName: "file.txt",
  mimeType: "text/plain",
  size: 1,
  hasThumbnail: false,
});

const sending = [
  ...asEveryone(
    "sendBatch",
    (db, scene, userId) =>
      sendBatch(
        db,
        batchOf(scene, userId, () => ({})),
      ),
    batched,
  ),
  {
    name: "sendBatch to many rooms",
    run: (db, { rooms, reader, batch }) =>
      sendBatch(
        db,
        rooms.slice(0, batch).map((roomId) => text(roomId, reader)),
      ),
    grows: manyRooms,
  },
  {
    name: "sendBatch, all or none",
    run: (db, { rooms, reader, batch }) =>
      sendBatch(
        db,
        rooms.slice(0, batch).map((roomId) => text(roomId, reader)),
        true,
      ),
    grows: manyRooms,
  },
  {
    name: "sendBatch, replies",
    run: (db, scene) =>
      sendBatch(
        db,
        batchOf(scene, scene.reader, () => ({ replyTo: scene.target })),
      ),
    grows: batched,
  },
  {
    name: "sendBatch, files",
    run: (db, scene) =>
      sendBatch(
        db,
        batchOf(scene, scene.reader, (n) => ({ type: "file", media: media(`file ${n + 1}`) })),
      ),
    grows: batched,
  },
  {
    name: "sendBatch, forwards",
    run: (db, scene) =>
      sendBatch(
        db,
        batchOf(scene, scene.reader, () => ({ sourceId: scene.target })),
      ),
    grows: batched,
  },
  {
    name: "sendBatch, repeated",
    run: (db, scene) =>
      sendBatch(
        db,
        batchOf(scene, scene.reader, (n) => ({ clientId: `client id ${5 * (n + 1)}` })),
      ),
    grows: batched,
  },
  ...asEveryone("maySend", async (db, { roomId }, userId) => {
    const { refusal } = await maySend(db, {
      userId,
      roomId,
      type: "file",
      clientId: "a new one",
      clientDigest: "a digest",
    });
    return refusal ?? { kind: "allowed" };
  }),
  {
    name: "sentBefore",
    run: async (db, { reader, batch }) => {
      const before = await sentBefore(
        db,
        reader,
        Array.from({ length: batch }, (_, n) => `client id ${5 * (n + 1)}`),
      );
      return [...before.values()];
    },
    grows: batched,
  },
] satisfies ReadonlyArray<Case<Scene>>;

const marking = [
  ...asEveryone("markReadBatch, all", (db, { roomId }, userId) =>
    markReadBatch(db, [{ roomId, userId, messageId: undefined }]),
  ),
  {
    name: "markReadBatch, a part",
    run: (db, { roomId, members, middle }) =>
      markReadBatch(db, [{ roomId, userId: members[0]!, messageId: middle.id }]),
  },
  {
    name: "markReadBatch, of one who hid",
    run: (db, { roomId, reader, newest }) => markReadBatch(db, [{ roomId, userId: reader, messageId: newest }]),
  },
  {
    name: "markReadBatch, many rooms",
    run: (db, { rooms, reader, batch }) =>
      markReadBatch(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, userId: reader, messageId: undefined })),
      ),
    grows: batched,
  },
  {
    name: "markDelivered",
    run: (db, { rooms, reader, batch }) =>
      markDelivered(
        db,
        rooms.slice(0, batch).map((roomId) => ({ roomId, userId: reader, seq: 4 })),
      ),
    grows: batched,
  },
  {
    name: "readPositions",
    run: (db, { roomId }) => readPositions(db, [roomId], 200),
    grows: shownPeople,
  },
  {
    name: "readPositions, of many rooms",
    run: (db, { rooms, batch }) => readPositions(db, rooms.slice(0, batch), 200),
    grows: batched,
  },
] satisfies ReadonlyArray<Case<Scene>>;

const listing = [
  {
    name: "listRooms",
    run: async (db, { reader }) => (await listRooms(db, reader, 1, 20)).rooms,
    grows: { ...shownPeople, ...roomsOfPerson },
  },
  {
    name: "listRooms, of a stranger",
    run: async (db, { stranger }) => (await listRooms(db, stranger, 1, 20)).rooms,
    refused: true,
  },
  {
    name: "describeRooms",
    run: (db, { reader, rooms, batch }) => describeRooms(db, reader, rooms.slice(0, batch)),
    grows: batched,
  },
  ...asEveryone("describeRoom", (db, { roomId }, userId) => describeRoom(db, userId, roomId), shownPeople),
  ...asEveryone(
    "listParticipants",
    (db, { roomId }, userId) => listParticipants(db, userId, roomId, 1, 50),
    shownPeople,
  ),
  {
    name: "listParticipants, the last page",
    run: (db, { roomId, reader, members }) =>
      listParticipants(db, reader, roomId, Math.ceil((members.length + 1) / 10), 10),
    // Reads the index over what lies before it: a page is a number here, and people leave.
    grows: { members: "size" },
  },
  {
    name: "smallRoomsOfEach",
    run: (db, { reader, members }) => smallRoomsOfEach(db, [reader, ...members.slice(0, 9)], 200),
    grows: roomsOfPerson,
  },
  {
    name: "contactsOf",
    run: (db, { reader }) => contactsOf(db, reader, 200),
    grows: { ...roomsOfPerson, members: "answer" },
  },
  {
    name: "recentRoomsOfEach",
    run: (db, { reader, members }) => recentRoomsOfEach(db, [reader, ...members.slice(0, 9)], 50),
    grows: roomsOfPerson,
  },
  { name: "activeAmong", run: (db, { roomId, members }) => activeAmong(db, roomId, members.slice(0, 10)) },
] satisfies ReadonlyArray<Case<Scene>>;

const change = (
  name: string,
  of: (scene: Scene) => Exclude<RoomChange, { kind: "projected" }>,
  changeNo = 2,
): Case<Scene> => ({
  name: `applyRoomChange, ${name}`,
  run: async (db, scene) => {
    const { entries } = await applyRoomChange(db, scene.roomId, changeNo, of(scene), newId());
    return entries.length > 0;
  },
});

const membership = [
  {
    name: "applyRoomChange, created",
    run: (db, { batch }) => {
      const members = Array.from({ length: batch }, (_, n) => ({ userId: `new ${n}`, role: "member" as const }));
      return applyRoomChange(
        db,
        newId(),
        1,
        { kind: "created", type: "group", settings: defaultSettings, members },
        newId(),
      );
    },
    grows: batched,
  },
  change("joined", ({ stranger }) => ({ kind: "joined", userId: stranger, role: "member", text: "joined" })),
  change("joined again", ({ left }) => ({ kind: "joined", userId: left, role: "member", text: "joined" })),
  change("role", ({ reader, members }) => ({
    kind: "role",
    userId: members[0]!,
    role: "admin",
    by: reader,
    text: "role",
  })),
  {
    ...change("added", ({ batch, reader }) => ({
      kind: "added",
      by: reader,
      userIds: Array.from({ length: batch }, (_, n) => `added ${n}`),
      role: "member",
      text: "added",
    })),
    grows: batched,
  },
  change("left", ({ members }) => ({ kind: "left", userId: members[0]!, newAdmin: null, text: "left" })),
  change("left, and another is admin", ({ reader, members }) => ({
    kind: "left",
    userId: reader,
    newAdmin: members[0]!,
    text: "left",
  })),
  change("settings", ({ reader }) => ({
    kind: "settings",
    userId: reader,
    settings: { ...defaultSettings, allowStickers: false },
    changes: { allowStickers: false },
    text: "changed",
  })),
  {
    name: "applyProjection",
    run: async (db, { roomId, members, stranger }) => {
      const everybody = [...members, stranger].map((userId, i) => ({
        userId,
        role: i === 0 ? ("admin" as const) : ("member" as const),
      }));
      const page = { kind: "projected", type: "group", settings: defaultSettings, after: null, upTo: null } as const;
      const { entries } = await applyProjection(db, roomId, 2, { ...page, members: everybody });
      return entries.length > 0;
    },
    // Compares all who ever were in the room; done once, after a restore.
    grows: { members: "input", "people who left": "size" },
  },
  {
    ...change(
      "applied before",
      ({ stranger }) => ({ kind: "joined", userId: stranger, role: "member", text: "joined" }),
      1,
    ),
    refused: true,
  },
] satisfies ReadonlyArray<Case<Scene>>;

const cleanup = [
  { name: "beginEpoch", run: (db) => beginEpoch(db, "a restore") },
  { name: "pruneLog, some is old", run: (db) => pruneLog(db, daysAgo(7)) },
  { name: "pruneLog, nothing is old", run: (db) => pruneLog(db, daysAgo(9)), refused: true },
  {
    name: "purgeDeletedMessages",
    run: async (db, { roomId, target, reader }) => {
      await deleteForEveryone(db, { userId: reader, messageId: target, roomId });
      return purgeDeletedMessages(db);
    },
    // As much as there is to remove.
    grows: { reactions: "input", edits: "input" },
  },
  { name: "purgeDeletedMessages, nothing", run: (db) => purgeDeletedMessages(db), refused: true },
  { name: "unusedFiles", run: (db) => unusedFiles(db, 100) },
  { name: "forgetFiles", run: (db) => forgetFiles(db, ["unused 1", "unused 2", "file 1"]) },
  { name: "filesInUse", run: (db) => filesInUse(db, ["file 1", "file 2", "unused 1"]) },
] satisfies ReadonlyArray<Case<Scene>>;

export const cases: ReadonlyArray<Case<Scene>> = [
  ...reading,
  ...changing,
  ...sending,
  ...marking,
  ...listing,
  ...membership,
  ...cleanup,
];
