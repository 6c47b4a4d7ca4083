// Joining and leaving rooms, and typing in them.
import { ChatError, type JoinOne } from "@khui/contracts";
import { toChatError } from "@khui/service";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import pLimit from "p-limit";
import type { Client } from "../connections/client.js";
import type { Rate, UserBuckets } from "../connections/token-bucket.js";
import type { GatewayMetrics } from "../metrics.js";
import type { DeliveryReports } from "../rooms/delivery-reports.js";
import type { Feeds } from "../rooms/feeds.js";
import { type JoinedRoom, joinRoom, type RunBackfill } from "../rooms/join-room.js";
import type { Openings } from "../rooms/openings.js";
import type { RoomFeed } from "../rooms/room-feed.js";
import type { RoomQuestions } from "../rooms/room-questions.js";
import type { Typing } from "../rooms/typing.js";
import type { Commands } from "./command-map.js";

export interface RoomCommandContext {
  readonly feeds: Feeds;
  readonly typing: Typing;
  readonly deliveries: Pick<DeliveryReports, "mark">;
  readonly openings: Openings;
  readonly questions: RoomQuestions;
  /** Rooms that a user's clients join: see `joinRate`. */
  readonly joinLimit: Pick<UserBuckets, "tryTake">;
  /** Rooms one client may have joined at a time. */
  readonly maxRooms: number;
  readonly metrics: GatewayMetrics;
  readonly onError: (error: unknown) => void;
}

/** Joins of one user: several clients may come back at once, each into all of its rooms. */
export const joinRate = (maxRooms: number): Rate => ({ burst: 4 * maxRooms, perSecond: joinsPerSecond });
const joinsPerSecond = 100;
/** Of one client: joins at a time, and of these how many at a time read what was missed, each a page of up to 400 KB. */
export const maxJoining = 32;
export const maxBackfills = 4;

/** The state of a room that a client has joined, as the acknowledgement carries it. */
interface RoomState {
  readonly chatRoomId: string;
  readonly seq: number;
  readonly epoch: string | undefined;
  /** Without the user themself. */
  readonly typing: readonly string[];
  readonly participantCount: number;
}

type RoomCommands = Pick<Commands, "join_chat" | "leave_chat" | "typing_start" | "typing_stop">;

export function createRoomCommands(context: RoomCommandContext): RoomCommands {
  const { feeds, typing, deliveries, openings, joinLimit, maxRooms, metrics, onError } = context;

  function joinedFeed(client: Client, roomId: string): RoomFeed {
    const feed = feeds.feedOf(client, roomId);
    if (!feed) throw new ChatError("not_joined");
    return feed;
  }

  function takeJoins(client: Client, count: number): void {
    if (joinLimit.tryTake(client.userId, Date.now(), count)) return;
    throw new ChatError("rate_limited", { retryAfter: Math.ceil(count / joinsPerSecond) });
  }

  /** Joins one room. Throws what its acknowledgement is to say. */
  async function join(
    client: Client,
    { chatRoomId, lastSeq, epoch }: JoinOne,
    runBackfill?: RunBackfill,
  ): Promise<RoomState> {
    if (client.closed) throw new ChatError("not_joined");
    const rejoining = client.rooms.has(chatRoomId);
    const afterSeq = rejoining ? undefined : (lastSeq ?? undefined);
    if (afterSeq !== undefined) metrics.resumes++;
    let state: RoomState | undefined;
    const onJoined = (room: JoinedRoom) => {
      state = stateOf(client, room);
      client.socket.send(joinedChat(state, room.positions));
    };
    const isIn = await joinRoom(context, client, chatRoomId, afterSeq, onJoined, {
      epoch: epoch ?? undefined,
      runBackfill,
    });
    if (!isIn || !state) throw new ChatError("not_a_participant");
    const feed = feeds.feedOf(client, chatRoomId);
    if (feed) {
      deliveries.mark(feed, client.userId);
      // Who resumes has only come back, and need not wait for it.
      const opened = rejoining ? undefined : openings.opened(client, feed, lastSeq === undefined);
      if (lastSeq === undefined) await opened;
    }
    return state;
  }

  /** Joins several rooms, each with an outcome of its own. Without an acknowledgement failures are reported as `error` events. */
  async function joinAll(client: Client, rooms: readonly JoinOne[], hasAck: boolean): Promise<object[]> {
    if (new Set(rooms.map(({ chatRoomId }) => chatRoomId)).size < rooms.length) throw invalid("names a room twice");
    takeJoins(client, rooms.length);
    const joining = pLimit(maxJoining);
    const runBackfill = pLimit(maxBackfills);
    const isBeyondMax = beyondMax(client);
    const reported = new Set<string>();
    return Promise.all(
      rooms.map(async (room) => {
        const { chatRoomId } = room;
        try {
          if (isBeyondMax(chatRoomId)) throw new ChatError("rate_limited", { maxRooms });
          const { seq, epoch, participantCount } = await joining(() => join(client, room, runBackfill));
          return { chatRoomId, seq, epoch, participantCount };
        } catch (thrown) {
          const error = toChatError(thrown);
          // An outage fails all of them alike.
          if (error.status >= 500 && !reported.has(error.code)) onError(thrown);
          reported.add(error.code);
          const payload = client.errorPayload(error);
          const details = { ...(error.details as object | undefined), chatRoomId };
          if (!hasAck) client.emit("error", { event: "join_chat", ...payload, details });
          return { chatRoomId, ...payload };
        }
      }),
    );
  }

  /** Whether a room, of those that are asked for in turn, is one more than the client may join. */
  function beyondMax(client: Client): (chatRoomId: string) => boolean {
    let places = maxRooms - client.rooms.size;
    return (chatRoomId) => !client.rooms.has(chatRoomId) && places-- <= 0;
  }

  return {
    async join_chat(client, { rooms, chatRoomId, ...position }, hasAck) {
      if (rooms && chatRoomId === undefined) return { rooms: await joinAll(client, rooms, hasAck) };
      if (rooms || chatRoomId === undefined) throw invalid("must have either chatRoomId or rooms");
      takeJoins(client, 1);
      if (beyondMax(client)(chatRoomId)) throw new ChatError("rate_limited", { maxRooms });
      return join(client, { chatRoomId, ...position });
    },
    async leave_chat(client, { chatRoomId }) {
      const feed = feeds.feedOf(client, chatRoomId);
      if (feed) {
        await typing.stop(client, feed);
        await openings.closed(client, feed, true);
        feed.unsubscribe(client);
      }
      client.emit("left_chat", { chatRoomId });
      return { chatRoomId };
    },
    async typing_start(client, { chatRoomId }) {
      await typing.start(client, joinedFeed(client, chatRoomId));
      return { chatRoomId };
    },
    async typing_stop(client, { chatRoomId }) {
      await typing.stop(client, joinedFeed(client, chatRoomId));
      return { chatRoomId };
    },
  };
}

const invalid = (message: string) => new ChatError("invalid_request", { faults: [{ path: "", message }] });

function stateOf(client: Client, { feed, opened }: JoinedRoom): RoomState {
  return {
    chatRoomId: feed.roomId,
    seq: feed.position ?? opened.seq,
    epoch: feed.epoch,
    typing: [...feed.typing.keys()].filter((userId) => userId !== client.userId),
    participantCount: feed.members,
  };
}

/** The event of that name. The positions are JSON already, which is long in some rooms and the same for everyone. */
function joinedChat(state: RoomState, positions: string): EncodedEvent {
  return encodeEvent("joined_chat", `${JSON.stringify(state).slice(0, -1)},"readPositions":${positions}}`);
}
