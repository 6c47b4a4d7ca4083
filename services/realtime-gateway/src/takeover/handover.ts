// A client moves between two gateways with its session: what one gives along, and what the other makes of it.
import { closeCodes } from "@khui/contracts";
import { encodeEvent, type HandoverHost, type Socket } from "@khui/socketio";
import pLimit from "p-limit";
import { maxBackfills, maxJoining } from "../commands/rooms.js";
import type { Client } from "../connections/client.js";
import type { Users } from "../connections/users.js";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { RoomListSubscriptions } from "../room-list/subscriptions.js";
import type { DeliveryReports } from "../rooms/delivery-reports.js";
import { type JoinContext, joinRoom, type RunBackfill } from "../rooms/join-room.js";
import type { Openings } from "../rooms/openings.js";
import type { RoomFeed } from "../rooms/room-feed.js";
import type { Typing } from "../rooms/typing.js";
import {
  type ClientState,
  describeClient,
  type MovedRoom,
  type NamedBuckets,
  readClientState,
  readOffer,
  restoreClient,
} from "./client-state.js";
import { digestsOf, type LiveWindow, missedByUser, missedInRoom, openLiveWindow } from "./live-window.js";

export interface HandoverContext extends JoinContext {
  readonly users: Users;
  readonly presence: Pick<PresenceTracker, "userConnected">;
  readonly roomLists: Pick<RoomListSubscriptions, "userConnected" | "clientConnected">;
  readonly deliveries: Pick<DeliveryReports, "mark">;
  readonly openings: Pick<Openings, "opened">;
  readonly typing: Pick<Typing, "learn" | "start" | "handOver">;
  readonly buckets: NamedBuckets;
  /** A client has come, whose socket has no handlers yet. */
  readonly onClient: (client: Client) => void;
  readonly onError: (error: unknown) => void;
}

/** While its session is offered. */
interface Offered {
  /** For an authenticated client, once nothing of it is being handled. */
  window?: LiveWindow;
}

const nothingMissed: LiveWindow = { ofRoom: () => [], ofUser: () => [], close: () => {} };

/**
 * Entries of logs are exact by their numbers: the client joins its rooms again behind the last entry that it was sent. Live events have no
 * number: both gateways note what they receive from before the session is reserved, and the client gets what the first has not sent.
 */
export function createHandover(context: HandoverContext): HandoverHost {
  const { feeds, users, presence, typing, roomLists, deliveries, openings, buckets, onClient, onError } = context;
  const offered = new Map<Socket, Offered>();

  function end(socket: Socket): void {
    offered.get(socket)?.window?.close();
    offered.delete(socket);
  }

  function describeRooms({ rooms }: Client, window: LiveWindow): MovedRoom[] {
    return [...rooms].flatMap((roomId) => {
      const feed = feeds.get(roomId);
      if (feed?.position === undefined) return [];
      const sent = digestsOf(window.ofRoom(roomId).map(({ frame }) => frame));
      const epoch = feed.epoch === undefined ? {} : { epoch: feed.epoch };
      return [{ roomId, seq: feed.position, ...epoch, typing: [...feed.typing.keys()], sent }];
    });
  }

  /** What the client is shown of who is typing becomes what is known here. */
  function correctTyping(client: Client, feed: RoomFeed, shown: readonly string[]): void {
    const tell = (event: "user_typing" | "user_stop_typing", userId: string) => {
      if (userId === client.userId) return;
      client.socket.send(encodeEvent(event, JSON.stringify({ chatRoomId: feed.roomId, userId })));
    };
    for (const userId of feed.typing.keys()) if (!shown.includes(userId)) tell("user_typing", userId);
    for (const userId of shown) if (!feed.typing.has(userId)) tell("user_stop_typing", userId);
  }

  async function rejoin(client: Client, room: MovedRoom, window: LiveWindow, runBackfill: RunBackfill): Promise<void> {
    const onJoined = ({ feed }: { readonly feed: RoomFeed }) => {
      correctTyping(client, feed, room.typing);
      deliveries.mark(feed, client.userId);
    };
    const missed = (feed: RoomFeed) => missedInRoom(window, feed, room.sent);
    const isIn = await joinRoom(context, client, room.roomId, room.seq, onJoined, {
      epoch: room.epoch,
      runBackfill,
      missed,
    });
    const feed = isIn ? feeds.feedOf(client, room.roomId) : undefined;
    if (!feed) return;
    void openings.opened(client, feed, false);
    if (client.typing?.has(room.roomId)) void typing.start(client, feed);
  }

  /** Never rejects: a client that cannot be brought into one of its rooms connects again, and learns why. */
  async function rejoinAll(client: Client, { rooms }: ClientState, window: LiveWindow): Promise<void> {
    try {
      const joining = pLimit(maxJoining);
      const runBackfill = pLimit(maxBackfills);
      await Promise.all(rooms.map((room) => joining(() => rejoin(client, room, window, runBackfill))));
    } catch (error) {
      onError(error);
      client.socket.close(closeCodes.going_away.code, closeCodes.going_away.reason);
    } finally {
      window.close();
    }
  }

  function enter(client: Client, state: ClientState, window: LiveWindow): void {
    const { userId } = client;
    for (const event of missedByUser(window, state.sent)) client.socket.send(event);
    const isNewUser = users.add(client, userId);
    if (isNewUser) void presence.userConnected(userId);
    // Its events wait behind this.
    client.requests.enqueue(0, async () => {
      await rejoinAll(client, state, window);
      // Not before: room lists are about rooms that a client has not joined.
      if (isNewUser && users.has(userId)) roomLists.userConnected(userId);
      else if (!client.closed) roomLists.clientConnected(client);
    });
  }

  return {
    async offer(socket) {
      const client = socket.data as Client;
      const mine: Offered = {};
      offered.set(socket, mine);
      await client.idle();
      const userId = client.identity?.userId;
      if (userId === undefined) return { roomIds: [] };
      const roomIds = [...client.rooms];
      const window = await openLiveWindow(context, userId, roomIds);
      if (offered.get(socket) === mine) mine.window = window;
      else window.close();
      return { userId, roomIds };
    },
    give(socket) {
      const client = socket.data as Client;
      const window = offered.get(socket)?.window ?? nothingMissed;
      const state: ClientState = {
        ...describeClient(client, buckets, Date.now()),
        rooms: describeRooms(client, window),
        sent: digestsOf(window.ofUser()),
      };
      typing.handOver(client);
      end(socket);
      return state;
    },
    keep: end,
    async expect(offer) {
      const { userId, roomIds } = readOffer(offer);
      const window = userId === undefined ? nothingMissed : await openLiveWindow(context, userId, roomIds);
      return {
        adopt(socket, given) {
          try {
            const state = readClientState(given);
            const client = restoreClient(socket, state, buckets, Date.now());
            onClient(client);
            if (client.identity) enter(client, state, window);
          } catch (error) {
            window.close();
            onError(error);
            socket.close(closeCodes.going_away.code, closeCodes.going_away.reason);
          }
        },
        cancel: window.close,
      };
    },
  };
}
