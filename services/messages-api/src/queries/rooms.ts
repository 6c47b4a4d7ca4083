// The room list, one room, its participants, and a user's contacts.
import { type messagesRpc, type RoomActivity, type RpcAnswer, smallRoomLimit } from "@khui/contracts";
import type { Context } from "../context.js";
import { renderParticipant, renderRoom, viewOf } from "../render.js";
import {
  contactsOf,
  describeRoom,
  describeRooms,
  listParticipants,
  listRooms,
  type RoomRow,
  recentRoomsOfEach,
  smallRoomsOfEach,
} from "../store/room-list.js";
import { asManyAsFit, sizeInJson } from "./answer-size.js";
import { orThrow } from "./or-throw.js";

/** A page of the user's rooms: as many as fit in one answer, and the ids of the rest. */
export async function roomsOf(
  context: Context,
  userId: string,
  page: number,
  limit: number,
): Promise<RpcAnswer<typeof messagesRpc.listRooms>> {
  const { rooms, total } = await listRooms(context.db, userId, page, limit);
  return { ...(await firstRooms(context, userId, rooms)), total };
}

/** Those of these rooms that the user is in, in the order of the ids. */
export async function roomsAmong(
  context: Context,
  userId: string,
  roomIds: readonly string[],
): Promise<RpcAnswer<typeof messagesRpc.describeRooms>> {
  const found = new Map((await describeRooms(context.db, userId, roomIds)).map((row) => [row.id, row]));
  const inOrder = roomIds.flatMap((roomId) => found.get(roomId) ?? []);
  return firstRooms(context, userId, inOrder);
}

async function firstRooms(context: Context, userId: string, rows: readonly RoomRow[]) {
  const view = await viewOf(
    context,
    rows.map(({ last }) => last),
  );
  const rooms = asManyAsFit(
    rows.map((row) => renderRoom(row, userId, view)),
    sizeInJson,
  );
  return { rooms, rest: rows.slice(rooms.length).map(({ id }) => id) };
}

/** Throws room_not_found, not_a_participant. */
export async function roomOf(context: Context, userId: string, roomId: string): Promise<RoomActivity> {
  const room = orThrow(await describeRoom(context.db, userId, roomId));
  return renderRoom(room, userId, await viewOf(context, [room.last]));
}

/** Throws room_not_found, not_a_participant. */
export async function participantsOf(context: Context, userId: string, roomId: string, page: number, limit: number) {
  const found = orThrow(await listParticipants(context.db, userId, roomId, page, limit));
  return { participants: found.participants.map(renderParticipant), total: found.total };
}

/** People who share a small room with the user: see `contactsOf`. */
export async function contactsIn(context: Context, userId: string): Promise<RpcAnswer<typeof messagesRpc.contacts>> {
  const userIds = await contactsOf(context.db, userId, smallRoomLimit);
  return { userIds: asManyAsFit(userIds, sizeInJson) };
}

/** Bytes that a room takes in an answer at most, with its place in one list. */
const bytesOfRoom = 70;

/** The rooms in which these users' presence is published, for as many of them as fit in one answer. */
export async function audiencesOf(
  context: Context,
  userIds: readonly string[],
): Promise<RpcAnswer<typeof messagesRpc.audiences>> {
  const { items, lists } = asLists(await smallRoomsOfEach(context.db, userIds, smallRoomLimit), (roomId) => roomId);
  return { roomIds: items, lists };
}

/** The first rooms of these users' lists, for as many of them as fit in one answer. */
export async function roomListsOf(
  context: Context,
  userIds: readonly string[],
  limit: number,
): Promise<RpcAnswer<typeof messagesRpc.roomLists>> {
  const { items, lists } = asLists(await recentRoomsOfEach(context.db, userIds, limit), ({ roomId }) => roomId);
  return { rooms: items, lists };
}

/** Each room once, and each list as places among these rooms. */
function asLists<Room>(roomsOfEach: readonly Room[][], idOf: (room: Room) => string) {
  const places = new Map<string, number>();
  const items: Room[] = [];
  const place = (room: Room): number => {
    const known = places.get(idOf(room));
    if (known !== undefined) return known;
    places.set(idOf(room), items.length);
    return items.push(room) - 1;
  };
  const fitting = asManyAsFit(roomsOfEach, ({ length }) => length * bytesOfRoom);
  return { items, lists: fitting.map((rooms) => rooms.map(place)) };
}
