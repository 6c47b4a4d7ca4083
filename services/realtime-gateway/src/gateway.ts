// Puts the parts together: sockets come and go, events are dispatched, feeds deliver, one clock looks after time-outs.
import type { Bus } from "@khui/bus";
import { ChatError, closeCodes, type LiveHeader, smallRoomLimit } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { clientAddress, type Guard, languageOf } from "@khui/service/http";
import type { Telemetry } from "@khui/service/telemetry";
import { type CloseHandler, type EventHandler, encodeEvent, type Handshake, type Socket } from "@khui/socketio";
import { takeOut } from "./commands.js";
import { type Counts, createCounts } from "./counts.js";
import { createDeliveries } from "./deliveries.js";
import { createDispatch } from "./dispatch.js";
import { createFeeds } from "./feeds.js";
import { createFlood, defaultFlood, type FloodRule } from "./flood.js";
import { createOnce } from "./once.js";
import { type ContactTimes, createOnlineContacts } from "./online-contacts.js";
import { createPresenceKeeper, defaultPresenceTimes, type PresenceTimes } from "./presence.js";
import type { RoomFeed } from "./room-feed.js";
import { createRoomLogs } from "./room-logs.js";
import { Session } from "./session.js";
import { createTyping } from "./typing.js";
import { createUsers } from "./users.js";
import { createWatching } from "./watching.js";

export interface GatewayOptions {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly guard: Guard;
  /** Names this run of this process. */
  readonly boot: string;
  readonly onError: (error: unknown) => void;
  readonly telemetry: Telemetry;
  /** Whose X-Forwarded-For is believed, see `clientAddress`. */
  readonly trustProxy?: string | false;
  readonly flood?: FloodRule;
  readonly presenceTimes?: PresenceTimes;
  readonly contactTimes?: ContactTimes;
  /** A socket must sign in within this time. */
  readonly authenticationMs?: number;
  /** How stale a quiet room can be when the bus lost something. */
  readonly repairMs?: number;
  readonly maxRooms?: number;
  /** Of a user's most recently active rooms, how many are watched for `chat_updated`; none with 0. */
  readonly watchedRooms?: number;
}

export interface Gateway {
  connect(socket: Socket, handshake: Handshake): void;
  start(): Promise<void>;
  stats(): Readonly<Counts> & { readonly sessions: number; readonly rooms: number; readonly watchedRooms: number };
  close(): Promise<void>;
}

/** What tells how somebody stands. */
const presenceEvents: ReadonlySet<string> = new Set(["user_online", "user_offline", "user_status_updated"]);
const typingClockMs = 250;
/** Each time looks at every socket: with 20,000 of them a hundredth of a core. */
const sessionsClockMs = 1_000;
const deliveriesMs = 500;

export function createGateway(options: GatewayOptions): Gateway {
  const { bus, boot, onError } = options;
  const authenticationMs = options.authenticationMs ?? 10_000;
  const repairMs = options.repairMs ?? 4_000;
  const floodRule = options.flood ?? defaultFlood;
  const flood = createFlood(floodRule);
  const addressOf = clientAddress(options.trustProxy ?? false);
  const sessions = new Set<Session>();
  const once = createOnce();
  const deliveries = createDeliveries(bus, onError);
  const logs = createRoomLogs(bus);
  const contacts = createOnlineContacts(bus, options.presence, options.contactTimes);
  const users = createUsers(bus, (userId, roomId) => {
    contacts.contactsChanged(userId);
    watching.add(userId, roomId);
  });
  const watching = createWatching({ bus, logs, users, limit: options.watchedRooms ?? 50, onError });
  const timers: NodeJS.Timeout[] = [];
  const counts = createCounts();

  const feeds = createFeeds({
    bus,
    logs,
    onError,
    onMembership(feed) {
      // Larger rooms make no contacts; one that has just grown does no more.
      if (feed.members > smallRoomLimit + 1) return;
      for (const { userId } of feed.sessions) contacts.contactsChanged(userId);
    },
    onDelivered(feed) {
      deliveries.note(feed);
      counts.entries++;
      counts.entryFrames += feed.sessions.size;
    },
    onRepaired: (entries) => {
      counts.repaired += entries;
    },
    onAdmitted: (feed, session) => watching.admitted(session, feed.roomId),
    onDismissed: (feed, session) => watching.dismissed(session, feed.roomId),
    onLeft(feed, userId) {
      contacts.contactsChanged(userId);
      watching.drop(userId, feed.roomId);
      for (const session of users.sessionsOf(userId)) if (session.rooms.has(feed.roomId)) takeOut(feeds, session, feed);
    },
    onLost(feed) {
      counts.resyncs += feed.sessions.size;
      for (const session of feed.sessions)
        session.emit("resync_required", { chatRoomId: feed.roomId, seq: feed.position });
    },
    onLive: sendLive,
  });
  const typing = createTyping({ bus, presence: options.presence, feeds, onError });
  const presence = createPresenceKeeper({
    presence: options.presence,
    bus,
    users,
    openRoomsOf: (userId) => openSmallRooms(users.sessionsOf(userId)),
    boot,
    times: options.presenceTimes ?? defaultPresenceTimes,
    onError,
  });
  const dispatch = createDispatch({
    bus,
    feeds,
    users,
    presence,
    contacts,
    watching,
    typing,
    deliveries,
    guard: options.guard,
    flood,
    maxRooms: options.maxRooms ?? 500,
    counts,
    telemetry: options.telemetry,
    onError,
  });

  function sendLive(feed: RoomFeed, header: LiveHeader, body: string): void {
    if (!typing.heard(feed, header, Date.now())) return;
    counts.live++;
    const frame = encodeEvent(header.event, body);
    const isPresence = presenceEvents.has(header.event);
    if (feed.joiners > 0) feed.liveTail.add({ except: header.except, frame });
    for (const session of feed.sessions) {
      if (header.except !== undefined && session.identity?.userId === header.except) continue;
      if (header.once !== undefined && !once.first(header.once, session)) continue;
      if (isPresence) contacts.statusChanged(session.userId);
      session.socket.send(frame);
    }
  }

  /** What everybody in them may hear of a user, see `presence-news.ts`. */
  function openSmallRooms(sessions: readonly Session[]): string[] {
    const feeds = new Set(sessions.flatMap((session) => [...session.rooms.values()]));
    return [...feeds].filter(({ members }) => members <= smallRoomLimit).map(({ roomId }) => roomId);
  }

  function disconnect(session: Session): void {
    session.closed = true;
    const openRooms = openSmallRooms([session]);
    sessions.delete(session);
    const stopping = [...(session.typing ?? [])].flatMap((roomId) => session.rooms.get(roomId) ?? []);
    for (const feed of stopping) typing.stop(session, feed).catch(onError);
    for (const feed of [...session.rooms.values()]) takeOut(feeds, session, feed);
    const userId = session.identity?.userId;
    if (userId === undefined) return;
    watching.go(session);
    if (!users.remove(session, userId)) return;
    watching.stop(userId);
    presence.departed(userId, openRooms);
  }

  /** Sockets that did not sign in in time, or whose token has ended. */
  function checkSessions(now: number): void {
    for (const session of sessions) {
      const expiresAt = session.identity?.expiresAt;
      if (!session.identity && now - session.openedAt > authenticationMs) endSession(session, "authentication_timeout");
      else if (typeof expiresAt === "number" && now >= expiresAt) endSession(session, "token_expired");
    }
  }

  function endSession(session: Session, code: "authentication_timeout" | "token_expired"): void {
    session.emit("auth_error", session.failure(new ChatError(code)));
    session.socket.close(closeCodes[code].code, closeCodes[code].reason);
  }

  /** One function for all sockets: a closure each would take memory. */
  const onEvent: EventHandler = (name, args, ack, { data }) => dispatch.event(data as Session, name, args, ack);
  const onClose: CloseHandler = (reason, { data }) => {
    counts.closes[reason] = (counts.closes[reason] ?? 0) + 1;
    disconnect(data as Session);
  };

  const every = (ms: number, work: () => void | Promise<void>) =>
    timers.push(setInterval(() => void Promise.resolve(work()).catch(onError), ms));
  const offReconnect = bus.onReconnect(() => void feeds.reconcile().catch(onError));

  return {
    connect(socket, { auth, headers, address }) {
      const caller = { language: languageOf(headers["accept-language"]), address: addressOf(headers, address) };
      const session = new Session(socket, caller, Date.now(), floodRule.burst);
      sessions.add(session);
      socket.data = session;
      socket.onEvent(onEvent);
      socket.onClose(onClose);
      dispatch.handshake(session, auth);
    },
    async start() {
      await presence.start();
      every(typingClockMs, () => typing.expire(Date.now()));
      every(sessionsClockMs, () => checkSessions(Date.now()));
      every(repairMs, () => {
        once.turn();
        flood.sweep(Date.now());
        return feeds.reconcile();
      });
      every(deliveriesMs, () => deliveries.flush());
    },
    stats: () => ({
      ...counts,
      sessions: sessions.size,
      rooms: feeds.size,
      watchedRooms: Math.max(0, logs.size - feeds.size),
    }),
    async close() {
      for (const timer of timers) clearInterval(timer);
      offReconnect();
      await deliveries.flush();
      watching.close();
      feeds.close();
      users.close();
      logs.close();
      await presence.close();
    },
  };
}
