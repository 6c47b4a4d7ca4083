// Joining and leaving rooms, and typing in them.
import type { Bus } from "@khui/bus";
import { ChatError, encodeWire, smallRoomLimit, subjects } from "@khui/contracts";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import type { UserBuckets } from "../connections/token-bucket.js";
import type { GatewayMetrics } from "../metrics.js";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { DeliveryReports } from "../rooms/delivery-reports.js";
import type { Feeds } from "../rooms/feeds.js";
import { type JoinedRoom, joinRoom } from "../rooms/join-room.js";
import type { RoomFeed } from "../rooms/room-feed.js";
import type { RoomQuestions } from "../rooms/room-questions.js";
import type { Typing } from "../rooms/typing.js";
import type { Commands } from "./command-map.js";

export interface RoomCommandContext {
  readonly bus: Bus;
  readonly feeds: Feeds;
  readonly presence: Pick<PresenceTracker, "isVisible">;
  readonly typing: Typing;
  readonly deliveries: Pick<DeliveryReports, "mark">;
  /** How often a user's opening and closing of rooms is published. */
  readonly openings: Pick<UserBuckets, "tryTake">;
  readonly questions: RoomQuestions;
  /** Rooms one client may have joined at a time. */
  readonly maxRooms: number;
  readonly metrics: GatewayMetrics;
}

/** The state of a room that a client has joined, as the acknowledgement carries it. */
interface RoomState {
  readonly chatRoomId: string;
  readonly seq: number;
  /** Without the user themself. */
  readonly typing: readonly string[];
  readonly participantCount: number;
}

type RoomCommands = Pick<Commands, "join_chat" | "leave_chat" | "typing_start" | "typing_stop">;

export function createRoomCommands(context: RoomCommandContext): RoomCommands {
  const { bus, feeds, presence, typing, deliveries, openings, maxRooms, metrics } = context;

  function joinedFeed(client: Client, roomId: string): RoomFeed {
    const feed = feeds.feedOf(client, roomId);
    if (!feed) throw new ChatError("not_joined");
    return feed;
  }

  /** That a user opens or closes a room is a live event, like typing: in small rooms, for a user whom others see online. */
  async function publishPresenceInRoom(event: "user_joined_chat" | "user_left_chat", client: Client, feed: RoomFeed) {
    if (feed.members > smallRoomLimit || !feed.isOnlyClientOfUser(client)) return;
    if (!openings.tryTake(client.userId, Date.now(), 1)) return;
    if (!(await presence.isVisible(client.userId))) return;
    const body = JSON.stringify({ chatRoomId: feed.roomId, userId: client.userId });
    bus.publish(subjects.roomLive(feed.roomId), encodeWire({ event, except: client.userId }, body));
  }

  return {
    async join_chat(client, { chatRoomId, lastSeq }) {
      const rejoining = client.rooms.has(chatRoomId);
      if (!rejoining && client.rooms.size >= maxRooms) throw new ChatError("rate_limited", { maxRooms });
      const afterSeq = rejoining ? undefined : (lastSeq ?? undefined);
      if (afterSeq !== undefined) metrics.resumes++;
      let state: RoomState | undefined;
      const isIn = await joinRoom(context, client, chatRoomId, afterSeq, (room) => {
        state = stateOf(client, room);
        client.socket.send(joinedChat(state, room.positions));
      });
      if (!isIn) throw new ChatError("not_a_participant");
      const feed = feeds.feedOf(client, chatRoomId);
      if (feed) {
        deliveries.mark(feed);
        if (!rejoining && lastSeq === undefined) await publishPresenceInRoom("user_joined_chat", client, feed);
      }
      return state;
    },
    async leave_chat(client, { chatRoomId }) {
      const feed = feeds.feedOf(client, chatRoomId);
      if (feed) {
        await typing.stop(client, feed);
        await publishPresenceInRoom("user_left_chat", client, feed);
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

function stateOf(client: Client, { feed, opened }: JoinedRoom): RoomState {
  return {
    chatRoomId: feed.roomId,
    seq: feed.position ?? opened.seq,
    typing: [...feed.typing.keys()].filter((userId) => userId !== client.userId),
    participantCount: feed.members,
  };
}

/** The event of that name. The positions are JSON already, which is long in some rooms and the same for everyone. */
function joinedChat(state: RoomState, positions: string): EncodedEvent {
  return encodeEvent("joined_chat", `${JSON.stringify(state).slice(0, -1)},"readPositions":${positions}}`);
}
