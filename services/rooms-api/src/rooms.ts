// Actions on rooms: check the rule, store the change, deliver it to messages-api, answer.
import { randomBytes } from "node:crypto";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import {
  ChatError,
  type ChatRoom,
  type CreateRoom,
  type JoinPolicy,
  messagesRpc,
  type Participant,
  type RoomActivity,
  type UpdateRoom,
} from "@khui/contracts";
import type { Db } from "@khui/database";
import { createNames } from "./names.js";
import type { Outbox } from "./outbox.js";
import { renderParticipants, renderRoom } from "./render.js";
import { checkJoin, joining, planRoom, planSettings, requireMember, systemText } from "./rules.js";
import { changeRoom, createRoom, findCreated, findRooms, findSuccessor } from "./store/rooms.js";
import { findUsers } from "./store/users.js";

export interface Rooms {
  /** `checkQuota` is called before a room is created with that many other people, not when it exists already; it may throw. */
  create(
    userId: string,
    input: CreateRoom,
    key: string | undefined,
    checkQuota: (others: number) => Promise<void>,
  ): Promise<{ room: ChatRoom; created: boolean }>;
  list(userId: string, page: number, limit: number): Promise<{ rooms: ChatRoom[]; total: number }>;
  get(userId: string, roomId: string): Promise<ChatRoom>;
  participants(
    userId: string,
    roomId: string,
    page: number,
    limit: number,
  ): Promise<{ participants: Participant[]; total: number }>;
  /** Joining again changes nothing. */
  join(userId: string, roomId: string): Promise<ChatRoom>;
  leave(userId: string, roomId: string): Promise<void>;
  update(userId: string, roomId: string, update: UpdateRoom): Promise<ChatRoom>;
}

/** Rooms requested at once after the first answer. */
const maxDescribed = 20;

/** `joinPolicy` is that of groups whose creator gives none. */
export function createRooms(db: Db, bus: Bus, outbox: Outbox, joinPolicy: JoinPolicy = "open"): Rooms {
  async function usersOf(activities: readonly Pick<RoomActivity, "participants">[]) {
    const ids = new Set(activities.flatMap(({ participants }) => participants.map(({ userId }) => userId)));
    return new Map((await findUsers(db, [...ids])).map((user) => [user._id, user]));
  }

  async function describe(activities: readonly RoomActivity[]): Promise<ChatRoom[]> {
    const [rooms, users] = await Promise.all([
      findRooms(
        db,
        activities.map(({ roomId }) => roomId),
      ),
      usersOf(activities),
    ]);
    const byId = new Map(rooms.map((room) => [room.id, room]));
    return activities.flatMap((activity) => {
      const room = byId.get(activity.roomId);
      return room ? [renderRoom(room, activity, users)] : [];
    });
  }

  /**
   * The rooms of a page that did not fit in its first answer. messages-api renders all that are requested and returns what
   * fits, so twice as many are requested as fitted before: at most half of what it renders is discarded.
   */
  async function describeRest(userId: string, first: { rooms: unknown[]; rest: string[] }): Promise<RoomActivity[]> {
    const rooms: RoomActivity[] = [];
    let [{ rest }, fitted] = [first, first.rooms.length];
    while (rest.length > 0) {
      const roomIds = rest.slice(0, Math.min(2 * fitted, maxDescribed));
      const more = await call(bus, messagesRpc.describeRooms, { userId, roomIds });
      rooms.push(...more.rooms);
      fitted = roomIds.length - more.rest.length;
      rest = more.rest.concat(rest.slice(roomIds.length));
    }
    return rooms;
  }

  async function get(userId: string, roomId: string): Promise<ChatRoom> {
    const activity = await call(bus, messagesRpc.describeRoom, { userId, roomId });
    const [room] = await describe([activity]);
    if (!room) throw new ChatError("room_not_found");
    return room;
  }

  const namesOf = createNames(db);

  const textOf = async (action: Parameters<typeof systemText>[0], userId: string): Promise<string> =>
    systemText(action, userId, await namesOf([userId]));

  return {
    async create(userId, input, key, checkQuota) {
      const plan = planRoom(input, { creator: userId, id: randomId(), clientId: key ?? null, joinPolicy });
      const existing = await findCreated(db, plan);
      if (!existing) await checkQuota(plan.members.length - 1);
      const { roomId, created } = existing ? { roomId: existing, created: false } : await createRoom(db, plan);
      await outbox.deliver(roomId);
      return { room: await get(userId, roomId), created };
    },
    async list(userId, page, limit) {
      const first = await call(bus, messagesRpc.listRooms, { userId, page, limit });
      const rooms = first.rooms.concat(await describeRest(userId, first));
      return { rooms: await describe(rooms), total: first.total };
    },
    get,
    async participants(userId, roomId, page, limit) {
      const found = await call(bus, messagesRpc.listParticipants, { userId, roomId, page, limit });
      const users = await usersOf([found]);
      return { participants: renderParticipants(found.participants, users), total: found.total };
    },
    async join(userId, roomId) {
      const text = await textOf("joined", userId);
      await changeRoom(db, roomId, userId, async (room, mine) => {
        if (mine?.is_active) return undefined;
        return joining(checkJoin(room), userId, text);
      });
      await outbox.deliver(roomId);
      return get(userId, roomId);
    },
    async leave(userId, roomId) {
      const text = await textOf("left", userId);
      await changeRoom(db, roomId, userId, async (room, mine, trx) => {
        const member = requireMember(room, mine);
        if (member.room.type === "private") throw new ChatError("private_room");
        return { change: { kind: "left", userId, newAdmin: await findSuccessor(trx, roomId, userId), text } };
      });
      await outbox.deliver(roomId);
    },
    async update(userId, roomId, update) {
      const text = await textOf("settings", userId);
      await changeRoom(db, roomId, userId, async (room, mine) => {
        const member = requireMember(room, mine);
        const { settings, changes, ...shown } = planSettings(member.room, member.mine.role, update);
        if (Object.keys(changes).length === 0) return undefined;
        return { change: { kind: "settings", userId, settings, changes, text }, ...shown };
      });
      await outbox.deliver(roomId);
      return get(userId, roomId);
    },
  };
}

/** A room's id: 96 random bits, so that nobody finds one by guessing. */
const randomId = () => randomBytes(12).toString("hex");
