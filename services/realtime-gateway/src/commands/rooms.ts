// Joining and leaving rooms, and typing in them.
import type { Bus } from "@khui/bus";
import { ChatError, type EventPayload, encodeWire, type serverEvents, smallRoomLimit, subjects } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import type { UserBuckets } from "../connections/token-bucket.js";
import type { GatewayMetrics } from "../metrics.js";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { DeliveryReports } from "../rooms/delivery-reports.js";
import type { Feeds } from "../rooms/feeds.js";
import { joinRoom } from "../rooms/join-room.js";
import type { RoomFeed } from "../rooms/room-feed.js";
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
  /** Rooms one client may have joined at a time. */
  readonly maxRooms: number;
  readonly metrics: GatewayMetrics;
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
      let answer: EventPayload<typeof serverEvents.joined_chat> | undefined;
      const isIn = await joinRoom(context, client, chatRoomId, afterSeq, ({ feed, opened, typing: userIds }) => {
        answer = {
          chatRoomId,
          seq: feed.position ?? opened.seq,
          typing: userIds.filter((userId) => userId !== client.userId),
          readPositions: opened.positions,
          participantCount: feed.members,
        };
        client.emit("joined_chat", answer);
      });
      if (!isIn) throw new ChatError("not_a_participant");
      const feed = feeds.feedOf(client, chatRoomId);
      if (feed) {
        deliveries.mark(feed);
        if (!rejoining && lastSeq === undefined) await publishPresenceInRoom("user_joined_chat", client, feed);
      }
      return answer;
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
