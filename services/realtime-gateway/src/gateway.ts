// Puts the parts together: clients connect and close, their events are dispatched, feeds deliver, timers run.
import type { Bus } from "@khui/bus";
import type { Presence } from "@khui/presence";
import { clientAddress, type Guard, languageOf } from "@khui/service/http";
import { type Periodic, startPeriodic } from "@khui/service/process";
import type { Telemetry } from "@khui/service/telemetry";
import type { CloseHandler, EventHandler, HandoverHost, Handshake, Socket } from "@khui/socketio";
import { joinRate } from "./commands/rooms.js";
import { closeExpired } from "./connections/authentication.js";
import { type Caller, Client } from "./connections/client.js";
import { type Admission, createDispatch } from "./connections/dispatch.js";
import { createFloodControl, defaultFlood, type FloodRule } from "./connections/flood-control.js";
import { createSignInGroups } from "./connections/sign-in-groups.js";
import { createUserBuckets } from "./connections/token-bucket.js";
import { createUsers } from "./connections/users.js";
import { createGatewayMetrics, type GatewayStats } from "./metrics.js";
import { type ContactTimes, createOnlineContacts } from "./presence/online-contacts.js";
import { createPresenceTracker, defaultPresenceTimes, type PresenceTimes } from "./presence/presence-tracker.js";
import { smallRoomsOf } from "./presence/small-rooms.js";
import { createRoomListSubscriptions } from "./room-list/subscriptions.js";
import { createDeduplicator } from "./rooms/deduplicator.js";
import { createDeliveryReports } from "./rooms/delivery-reports.js";
import { createFeedEvents } from "./rooms/feed-events.js";
import { createFeeds } from "./rooms/feeds.js";
import { createLiveDelivery } from "./rooms/live-events.js";
import { createLiveOrder } from "./rooms/live-order.js";
import { createOpenings } from "./rooms/openings.js";
import { createRoomLogs } from "./rooms/room-logs.js";
import { createRoomQuestions } from "./rooms/room-questions.js";
import { createTyping } from "./rooms/typing.js";
import { createHandover } from "./takeover/handover.js";

export interface GatewayOptions {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly guard: Guard;
  /** Names this run of this process. */
  readonly instanceId: string;
  readonly onError: (error: unknown) => void;
  readonly telemetry: Telemetry;
  /** Whose X-Forwarded-For is believed, see `clientAddress`. */
  readonly trustProxy?: string | false;
  readonly flood?: FloodRule;
  readonly presenceTimes?: PresenceTimes;
  readonly contactTimes?: ContactTimes;
  /** Beyond it a user's oldest client is closed. */
  readonly maxClientsPerUser?: number;
  /** A client must authenticate within this time. */
  readonly authenticationMs?: number;
  /** How stale a quiet room can be when the bus lost something. */
  readonly repairMs?: number;
  /** Rooms one client may have joined at a time. */
  readonly maxRooms?: number;
  /** Of a user's most recently active rooms, how many send `chat_updated` to clients that have not joined them; none with 0. */
  readonly maxRoomListRooms?: number;
}

export interface Gateway {
  /** Decides on a client's CONNECT, as `createEngine` takes it: a token in its `auth` must be valid. */
  admit(handshake: Handshake): Promise<unknown> | undefined;
  connect(socket: Socket, handshake: Handshake): void;
  /** For clients that move between gateways. */
  readonly handover: HandoverHost;
  start(): Promise<void>;
  stats(): GatewayStats;
  close(): Promise<void>;
}

const typingIntervalMs = 250;
/** Each time looks at every client: with 20,000 of them a hundredth of a core. */
const expiryIntervalMs = 1_000;
const deliveryReportIntervalMs = 500;
/** All gateways reconnect at once: each compares its rooms at another time within this one. */
const reconnectSpreadMs = 1_000;

export function createGateway(options: GatewayOptions): Gateway {
  const { bus, onError } = options;
  const authenticationMs = options.authenticationMs ?? 10_000;
  const repairMs = options.repairMs ?? 4_000;
  const floodRule = options.flood ?? defaultFlood;
  const floodControl = createFloodControl(floodRule);
  const { presence: store, instanceId } = options;
  const openings = createOpenings({ bus, presence: store, instanceId, onError });
  const maxRooms = options.maxRooms ?? 500;
  const joinLimit = createUserBuckets(joinRate(maxRooms));
  const addressOf = clientAddress(options.trustProxy ?? false);
  const clients = new Set<Client>();
  const metrics = createGatewayMetrics();
  const deduplicator = createDeduplicator();
  const deliveries = createDeliveryReports(bus, store, onError);
  const logs = createRoomLogs(bus);
  const contacts = createOnlineContacts(bus, store, options.contactTimes);
  const users = createUsers(
    bus,
    (userId, roomId) => {
      contacts.contactsChanged(userId);
      roomLists.roomAdded(userId, roomId);
    },
    options.maxClientsPerUser,
  );
  const roomLists = createRoomListSubscriptions({
    bus,
    logs,
    users,
    maxRooms: options.maxRoomListRooms ?? 50,
    onError,
  });

  const feeds = createFeeds({
    ...createFeedEvents({
      users,
      contacts,
      roomLists,
      deliveries,
      openings,
      metrics,
      onTypingEnd: (feed, userId) => void typing.end(userId, feed),
    }),
    bus,
    logs,
    onError,
    onLive: (feed, header, body) => deliverLive(feed, header, body),
  });
  const typing = createTyping({ bus, presence: store, feeds, users, instanceId, onError });
  const deliverLive = createLiveDelivery({
    typing,
    contacts,
    deduplicator,
    users,
    order: createLiveOrder(),
    metrics,
    onPresence(feed, userId, isOnline) {
      if (!users.has(userId)) return;
      if (isOnline) deliveries.shown(feed, userId);
      else {
        presence.wentOffline(userId);
        void typing.stopAll(userId, feed);
      }
    },
  });
  const presence = createPresenceTracker({
    presence: store,
    bus,
    users,
    openRoomsOf: (userId) => smallRoomsOf(users.clientsOf(userId), feeds),
    instanceId,
    times: options.presenceTimes ?? defaultPresenceTimes,
    onError,
  });
  const questions = createRoomQuestions(bus);
  const dispatch = createDispatch({
    bus,
    feeds,
    users,
    presence,
    contacts,
    roomLists,
    typing,
    deliveries,
    openings,
    questions,
    joinLimit,
    guard: options.guard,
    signIns: createSignInGroups(),
    floodControl,
    maxRooms,
    metrics,
    telemetry: options.telemetry,
    onError,
  });

  function disconnect(client: Client): void {
    client.closed = true;
    const openRooms = smallRoomsOf([client], feeds);
    clients.delete(client);
    for (const feed of [...client.rooms].flatMap((roomId) => feeds.get(roomId) ?? [])) {
      void typing.stop(client, feed);
      void openings.closed(client, feed, false);
      feed.unsubscribe(client);
    }
    const userId = client.identity?.userId;
    if (userId === undefined) return;
    roomLists.clientDisconnected(client);
    if (!users.remove(client, userId)) return;
    roomLists.userDisconnected(userId);
    presence.userDisconnected(userId, openRooms);
  }

  /** One function for all sockets: a closure each would take memory. */
  const onEvent: EventHandler = (name, args, ack, { data }) => dispatch.event(data as Client, name, args, ack);
  const onClose: CloseHandler = (reason, { data }) => {
    metrics.closes[reason] = (metrics.closes[reason] ?? 0) + 1;
    disconnect(data as Client);
  };

  const formerClient = ({ previous }: Handshake) => previous?.data as Client | undefined;
  const callerOf = (handshake: Handshake): Caller =>
    formerClient(handshake)?.caller ?? {
      language: languageOf(handshake.headers["accept-language"]),
      address: addressOf(handshake.headers, handshake.address),
    };

  function add(client: Client): void {
    clients.add(client);
    client.socket.data = client;
    client.socket.onEvent(onEvent);
    client.socket.onClose(onClose);
  }

  const handover = createHandover({
    feeds,
    questions,
    typing,
    metrics,
    users,
    presence,
    roomLists,
    deliveries,
    openings,
    buckets: { ...floodControl.buckets, openings, rooms: joinLimit },
    onClient: add,
    onError,
  });

  const every = (intervalMs: number, work: () => void | Promise<void>) => startPeriodic(work, { intervalMs, onError });
  const jobs: Periodic[] = [];
  let offReconnect = () => {};

  return {
    admit: (handshake) => dispatch.admit(callerOf(handshake), handshake.auth),
    connect(socket, handshake) {
      // Who leaves the namespace and comes back has no more events than before.
      const tokens = formerClient(handshake)?.tokens ?? floodRule.burst;
      const client = new Client(socket, callerOf(handshake), Date.now(), tokens);
      add(client);
      if (handshake.admitted !== undefined) dispatch.welcome(client, handshake.admitted as Admission);
    },
    handover,
    async start() {
      await presence.start();
      const reconciling = every(repairMs, () => feeds.reconcile());
      offReconnect = bus.onReconnect(() => reconciling.runWithin(reconnectSpreadMs));
      jobs.push(
        reconciling,
        every(typingIntervalMs, () => typing.expire(Date.now())),
        every(expiryIntervalMs, () => closeExpired(clients, Date.now(), authenticationMs)),
        every(repairMs, () => {
          deduplicator.rotate();
          deliveries.retry(feeds.all());
          for (const limits of [floodControl, joinLimit, typing, openings]) limits.sweep(Date.now());
        }),
        every(deliveryReportIntervalMs, () => deliveries.flush()),
      );
    },
    stats: () => ({
      ...metrics,
      clients: clients.size,
      get waitingBytes() {
        let sum = 0;
        for (const client of clients) sum += client.waitingBytes;
        return sum;
      },
      rooms: feeds.size,
      roomListRooms: Math.max(0, logs.size - feeds.size),
    }),
    async close() {
      offReconnect();
      await Promise.all(jobs.map((job) => job.stop()));
      typing.flush();
      await deliveries.flush();
      roomLists.close();
      feeds.close();
      users.close();
      logs.close();
      await presence.close();
    },
  };
}
