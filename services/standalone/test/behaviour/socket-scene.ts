// Words that the socket tests share: raw sockets, typed events, refusals, and a mark that all earlier events have come.
import { type Acknowledgement, type EventPayload, type ServerEventName, serverEvents } from "@khui/contracts";
import type { Client, User } from "@khui/test-kit/system";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";

/** What the helpers need of a running test. */
export interface Running {
  teardown(run: () => unknown): void;
  match(found: unknown, wanted: unknown, message?: string): boolean;
  ok(value: unknown, message?: string): boolean;
}

export type Told<Name extends ServerEventName> = EventPayload<(typeof serverEvents)[Name]>;

/** A socket that signs in only when the test says so; closed when the test ends. */
export function openSocket(
  t: Pick<Running, "teardown">,
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Socket {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  t.teardown(() => socket.close());
  return socket;
}

/** The argument of the socket's next `event`. Listens at once: call it before what causes the event. */
export function nextOf<Payload = unknown>(socket: Socket, event: string): Promise<Payload> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited in vain for ${event}`)), 20_000);
    socket.once(event, (payload: Payload) => {
      clearTimeout(timer);
      resolve(payload);
    });
  });
}

/** The first event of this name that matches and was not handed out yet. */
export function told<Name extends ServerEventName>(
  client: Client,
  event: Name,
  matches: (payload: Told<Name>) => boolean = () => true,
): Promise<Told<Name>> {
  return client.next(event, matches as never) as Promise<Told<Name>>;
}

/** Every event of this name that the client was ever sent, in order. */
export function allTold<Name extends ServerEventName>(client: Client, event: Name): Array<Told<Name>> {
  return client.events.filter((one) => one.event === event).map(({ payload }) => payload as Told<Name>);
}

/** The numbers of all log entries of a room that the client was sent, in the order in which they came. */
export function logOf(client: Client, roomId: string): number[] {
  const states = new Set<string>(["joined_chat", "resync_required"]);
  return client.events.flatMap(({ event, payload }) => {
    const { chatRoomId, seq } = (payload ?? {}) as { chatRoomId?: string; seq?: number };
    return chatRoomId === roomId && typeof seq === "number" && !states.has(event) ? [seq] : [];
  });
}

/** Whole numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** What a successful acknowledgement carries; throws what a refusal says. */
export async function done(client: Client, event: string, payload?: unknown): Promise<Record<string, unknown>> {
  const answer: Acknowledgement = await client.ask(event, payload);
  if (!answer.success) throw new Error(`${event} refused: ${JSON.stringify(answer)}`);
  return answer.data as Record<string, unknown>;
}

/** Asserts that an event is refused with this code, by acknowledgement and as `error`, and that the socket goes on. */
export async function refused(
  t: Running,
  client: Client,
  event: string,
  payload: unknown,
  code: string,
  about = "",
): Promise<void> {
  const what = `${event} ${about}`.trim();
  t.match(await client.ask(event, payload), { success: false, code, message: /./ }, `${what}: ${code} as acknowledgement`);
  const error = told(client, "error", (one) => one.event === event);
  client.socket.emit(event, ...(payload === undefined ? [] : [payload]));
  t.match(await error, { event, code, message: /./ }, `${what}: ${code} as error event`);
  t.match(await client.ask("get_online_users"), { success: true }, `${what}: the socket still works`);
}

/** Sends a text over REST and returns the message's id. */
export async function post(user: User, roomId: string, content: string, more: object = {}): Promise<string> {
  const { status, body } = await user.post(`/rooms/${roomId}/messages`, { type: "text", content, ...more });
  if (status !== 201) throw new Error(`sending failed: ${status} ${JSON.stringify(body)}`);
  return (body.data as { _id: string })._id;
}

/** Resolves when these clients have been sent a message that is newer than all that happened before. */
export async function fence(sender: User, roomId: string, ...clients: Client[]): Promise<number> {
  const id = await post(sender, roomId, "fence");
  const seen = await Promise.all(clients.map((one) => told(one, "new_message", ({ message }) => message._id === id)));
  return seen[0]?.seq ?? 0;
}

/** Sends `count` texts, eight at a time, and returns when all are stored. */
export async function sendMany(user: User, roomId: string, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await post(user, roomId, `text ${next++}`);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** A user's clients, each in these rooms. */
export async function inRooms(user: User, ...roomIds: string[]): Promise<Client> {
  const client = await user.connect();
  for (const roomId of roomIds) await client.join(roomId);
  return client;
}

/** Well-formed and of nothing. */
export const unknownId = "0123456789abcdef01234567";
