// A connected socket.io-client that records what it received.
import type { Acknowledgement, EventPayload, ServerEventName, serverEvents } from "@khui/contracts";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { eventViolation, isServerEvent } from "./event-check.js";

const answerTimeoutMs = 30_000;

export type Payload<Name extends ServerEventName> = EventPayload<(typeof serverEvents)[Name]>;
export type Received = { [Name in ServerEventName]: { event: Name; payload: Payload<Name> } }[ServerEventName];
export type JoinedChat = Payload<"joined_chat">;
export type ConnectOptions = Partial<ManagerOptions & SocketOptions>;

export interface Client {
  readonly socket: Socket;
  /** All events in the order of arrival. */
  readonly events: readonly Received[];
  /** Emits and resolves with the acknowledgement. Rejects after 30 s. */
  ask(event: string, payload?: unknown): Promise<Acknowledgement>;
  /** Joins and resolves with the payload of joined_chat; lastSeq is the last known number. Rejects when it is refused. */
  join(roomId: string, lastSeq?: number): Promise<JoinedChat>;
  /**
   * The first event of that name, past or future, that matches the predicate and was not returned before.
   * Rejects after 30 s with all events received.
   */
  next<Name extends ServerEventName>(
    event: Name,
    predicate?: (payload: Payload<Name>) => boolean,
  ): Promise<Payload<Name>>;
  /** How many such events have arrived so far. */
  count<Name extends ServerEventName>(event: Name, predicate?: (payload: Payload<Name>) => boolean): number;
  close(): void;
}

export interface ClientOptions {
  readonly url: string;
  readonly userId: string;
  readonly token: string;
  /** Called with every event that violates its schema in the contracts. */
  readonly onViolation: (violation: string) => void;
  /** Options of socket.io-client; with `auth` among them, no `authenticate` is sent. */
  readonly connect: ConnectOptions;
}

/**
 * Connects, authenticates (again after every reconnect) and resolves when the server has said `authenticated`.
 * Rejects when it refuses, or after 30 s.
 */
export async function connectClient(options: ClientOptions): Promise<Client> {
  const { url, token, userId, connect } = options;
  const socket = io(url, { forceNew: true, ...connect, autoConnect: false });
  const client = recordingClient(socket, options.onViolation);
  if (!connect.auth) socket.on("connect", () => socket.emit("authenticate", { token, userId }));
  let lastError = "";
  socket.on("connect_error", (error) => {
    lastError = `, ${error.message}`;
  });
  const refused = new Promise<never>((_, reject) => {
    socket.once("auth_error", (error: Payload<"auth_error">) => reject(new Error(`not authenticated: ${error.code}`)));
    socket.once("connect_error", (error) => socket.active || reject(error));
  });
  refused.catch(() => {});
  socket.connect();
  try {
    await Promise.race([client.next("authenticated"), refused]);
    return client;
  } catch (error) {
    client.close();
    throw new Error(`no connection for ${userId}${lastError}`, { cause: error });
  }
}

/** Wraps an existing socket. Events that arrived before are not recorded. */
export function recordingClient(socket: Socket, onViolation: (violation: string) => void): Client {
  const events: Received[] = [];
  const handedOut = new Set<Received>();
  const waiting = new Set<() => void>();

  socket.onAny((event: string, ...args: unknown[]) => {
    const violation = eventViolation(event, args);
    if (violation !== undefined) onViolation(violation);
    if (!isServerEvent(event)) return;
    events.push({ event, payload: args[0] } as Received);
    for (const check of [...waiting]) check();
  });

  const matching = <Name extends ServerEventName>(event: Name, predicate: (payload: Payload<Name>) => boolean) =>
    events.filter((one): one is Extract<Received, { event: Name }> => {
      return one.event === event && predicate(one.payload as Payload<Name>);
    });

  const client: Client = {
    socket,
    events,
    ask: (event, payload) =>
      socket.timeout(answerTimeoutMs).emitWithAck(event, ...(payload === undefined ? [] : [payload])),
    async join(chatRoomId, lastSeq) {
      const answer = await client.ask("join_chat", { chatRoomId, ...(lastSeq === undefined ? {} : { lastSeq }) });
      if (!answer.success) throw new Error(`join_chat was refused: ${answer.code}`);
      return client.next("joined_chat", (joined) => joined.chatRoomId === chatRoomId);
    },
    next: (event, predicate = () => true) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = matching(event, predicate).find((one) => !handedOut.has(one));
          if (!found) return;
          handedOut.add(found);
          cleanUp();
          resolve(found.payload as Payload<typeof event>);
        };
        const late = setTimeout(() => {
          cleanUp();
          reject(new Error(`no ${event} in ${answerTimeoutMs} ms; these came: ${listed(events)}`));
        }, answerTimeoutMs);
        const cleanUp = () => {
          clearTimeout(late);
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
    count: (event, predicate = () => true) => matching(event, predicate).length,
    close: () => void socket.disconnect(),
  };
  return client;
}

function listed(events: readonly Received[]): string {
  const lines = events.slice(-30).map(({ event, payload }) => `  ${event} ${JSON.stringify(payload).slice(0, 300)}`);
  return events.length === 0 ? "none" : `\n${lines.join("\n")}`;
}
