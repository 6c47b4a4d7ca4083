// One replica of messages-api as gateways know it: what it answers, and what it announces. The logs are those of the database.
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, encodeWire, type LogEntry, messagesRpc, smallRoomLimit, subjects } from "@khui/contracts";
import type { RoomLog } from "./room-log.js";
import type { Machine, Scheduler } from "./scheduler.js";
import type { SimulatedBus } from "./simulated-bus.js";

export interface ApiConditions {
  /** Before an answer is looked up, and again before it is sent: up to this long. */
  workMs: number;
  /** Of the requests, refused although somebody serves them. */
  refusedShare: number;
  /** Of the announcements, those that are never made: the replica died after its commit. */
  unannouncedShare: number;
  /** Entries in one page, and rooms in one answer: few, so that several questions are needed. */
  pageSize: number;
}

export interface MessagesApi {
  readonly machine: Machine;
  readonly bus: SimulatedBus;
  /** Publishes a committed entry, perhaps not for the first time. */
  announce(log: RoomLog, entry: LogEntry): void;
  /** Tells the gateways of a user that they have come into a room. */
  announceMember(log: RoomLog, userId: string): void;
  /** Publishes that a user has read. `isOld`: as the release before does, to all in the room. */
  announceRead(log: RoomLog, userId: string, isOld: boolean): void;
}

export interface MessagesApiOptions {
  readonly scheduler: Scheduler;
  readonly machine: Machine;
  readonly bus: SimulatedBus;
  readonly logs: ReadonlyMap<string, RoomLog>;
  readonly conditions: ApiConditions;
}

const positionOf = (userId: string, readSeq: number) => ({
  userId,
  lastReadMessage: null,
  lastReadTimestamp: null,
  readSeq,
  deliveredSeq: readSeq,
});

export function startMessagesApi({ scheduler, machine, bus, logs, conditions }: MessagesApiOptions): MessagesApi {
  const { random } = scheduler;
  const queue = { queue: "messages-api" };
  const work = () => new Promise<void>((resolve) => setTimeout(resolve, random.draw() * conditions.workMs));

  /** Looks the answer up at one moment, some time after the question came and some time before its answer is sent. */
  async function answer<Answer>(look: () => Answer): Promise<Answer> {
    await work();
    if (random.chance(conditions.refusedShare)) throw new ChatError("service_unavailable", { reason: "overloaded" });
    const found = look();
    await work();
    return found;
  }

  const fitting = <Item>(items: readonly Item[]) => items.slice(0, Math.max(1, random.below(conditions.pageSize + 1)));
  const logsOf = (userId: string) => [...logs.values()].filter(({ members }) => members.has(userId));

  serveRpc(
    bus,
    messagesRpc.openRooms,
    ({ joins }) =>
      answer(() => ({
        rooms: fitting(joins).map(({ userId, roomId, afterSeq }) => {
          const log = logs.get(roomId);
          if (!log) return { code: "room_not_found" };
          if (!log.members.has(userId)) return { code: "not_a_participant" };
          const { head: seq, memberCount: members, floor } = log;
          const resync = afterSeq !== undefined && Math.min(afterSeq, seq) < floor;
          const own = members > smallRoomLimit ? { position: positionOf(userId, 0) } : {};
          return { seq, members, ...(resync ? { resync } : {}), ...own };
        }),
      })),
    queue,
  );
  serveRpc(
    bus,
    messagesRpc.readPositions,
    ({ roomIds }) => answer(() => ({ positions: fitting(roomIds).map(() => "[]") })),
    queue,
  );
  serveRpc(
    bus,
    messagesRpc.readLogs,
    ({ rooms }) =>
      answer(() => ({
        pages: fitting(rooms).map(({ roomId, afterSeq }) => {
          const log = logs.get(roomId);
          return log ? { seq: log.head, floor: log.floor, entries: log.after(afterSeq, conditions.pageSize) } : null;
        }),
      })),
    queue,
  );
  serveRpc(
    bus,
    messagesRpc.heads,
    ({ rooms }) =>
      answer(() => ({
        ahead: rooms.flatMap(({ roomId, seq }) => {
          const head = logs.get(roomId)?.head ?? 0;
          return head > seq ? [{ roomId, seq: head }] : [];
        }),
      })),
    queue,
  );
  serveRpc(bus, messagesRpc.delivered, () => answer(() => ({})), queue);
  serveRpc(bus, messagesRpc.contacts, () => answer(() => ({ userIds: [] })), queue);
  serveRpc(
    bus,
    messagesRpc.audiences,
    ({ userIds }) => {
      const roomIds = [...logs.keys()];
      return answer(() => ({
        roomIds,
        lists: fitting(userIds).map((userId) => logsOf(userId).map(({ roomId }) => roomIds.indexOf(roomId))),
      }));
    },
    queue,
  );
  serveRpc(
    bus,
    messagesRpc.roomLists,
    ({ userIds, limit }) => {
      const all = [...logs.values()];
      return answer(() => ({
        rooms: all.map(({ roomId, head }) => ({ roomId, seq: head })),
        lists: fitting(userIds).map((userId) =>
          logsOf(userId)
            .slice(0, limit)
            .map((log) => all.indexOf(log)),
        ),
      }));
    },
    queue,
  );
  serveRpc(
    bus,
    messagesRpc.activeMembers,
    ({ roomId, userIds }) =>
      answer(() => ({ userIds: userIds.filter((userId) => logs.get(roomId)?.members.has(userId)) })),
    queue,
  );

  /** What it has committed it announces, if it lives that long. */
  const publish = (subject: string, data: Uint8Array) => {
    if (random.chance(conditions.unannouncedShare)) scheduler.note(`${machine.name} never announces on ${subject}`);
    else scheduler.after(0, machine, `announce on ${subject}`, () => bus.publish(subject, data));
  };

  return {
    machine,
    bus,
    announce(log, { body, ...header }) {
      publish(subjects.roomLog(log.roomId), encodeWire(header, body));
    },
    announceMember(log, userId) {
      publish(subjects.userLive(userId), encodeWire({ event: "", watch: log.roomId }, "{}"));
    },
    announceRead(log, userId, isOld) {
      const only = isOld ? {} : { only: userId };
      const read = { chatRoomId: log.roomId, ...positionOf(userId, log.head), timestamp: null, ...only };
      publish(subjects.roomLive(log.roomId), encodeWire({ event: "message_read", ...only }, JSON.stringify(read)));
    },
  };
}
