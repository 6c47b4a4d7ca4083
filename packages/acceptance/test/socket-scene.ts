// Helpers of the socket tests: raw sockets, refusals, positions, and a fence after which all earlier events have arrived.
import type { ServerEventName } from "@khui/contracts";
import type { Client, Payload, User } from "@khui/test-kit/system";
import pTimeout from "p-timeout";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import type { Test } from "tap";

/** A well-formed id of nothing. */
export const unknownId = "0123456789abcdef01234567";

/** A socket that authenticates only when the test says so, and does not reconnect; closed when the test ends. */
export function openSocket(
  t: Pick<Test, "teardown">,
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Socket {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  t.teardown(() => socket.close());
  return socket;
}

/** The argument of the socket's next `event`; rejects after 20 s. It listens immediately: call it before causing the event. */
export function nextOf<Told>(socket: Socket, event: string): Promise<Told> {
  const heard = new Promise<Told>((resolve) => socket.once(event, resolve));
  return pTimeout(heard, { milliseconds: 20_000, message: `waited in vain for ${event}` });
}

/** Every event of this name that the client has received, in order. */
export function allOf<Name extends ServerEventName>(client: Client, event: Name): Array<Payload<Name>> {
  return client.events.flatMap((one) => (one.event === event ? [one.payload as Payload<Name>] : []));
}

/** Events that have a seq but are not entries of a joined room. */
const positions: ReadonlySet<string> = new Set(["joined_chat", "resync_required", "chat_updated"]);

/** The seqs of all log entries of a room that the client has received, in order of arrival. */
export function logOf(client: Client, roomId: string): number[] {
  return client.events.flatMap(({ event, payload }) => {
    const { chatRoomId, seq } = payload as { chatRoomId?: string; seq?: number };
    return chatRoomId === roomId && typeof seq === "number" && !positions.has(event) ? [seq] : [];
  });
}

/** Integers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** The data of a successful acknowledgement; throws for an error. */
export async function done<Data = unknown>(client: Client, event: string, payload?: unknown): Promise<Data> {
  const answer = await client.ask(event, payload);
  if (!answer.success) throw new Error(`${event} was refused: ${JSON.stringify(answer)}`);
  return answer.data as Data;
}

/** Asserts that an event is refused with this code, in its acknowledgement and as `error`, and that the socket stays usable. */
export async function refused(
  t: Pick<Test, "match">,
  client: Client,
  event: string,
  payload: unknown,
  code: string,
): Promise<void> {
  const failure = { code, message: /./ };
  t.match(await client.ask(event, payload), { success: false, ...failure }, `${event}: ${code} as acknowledgement`);
  client.socket.emit(event, ...(payload === undefined ? [] : [payload]));
  t.match(await client.next("error", (error) => error.event === event), failure, `${event}: ${code} as error event`);
  t.match(await client.ask(event, payload), failure, `${event}: the socket goes on after ${code}`);
}

/** Sends a text over REST and returns the message's id. */
export async function post(user: User, roomId: string, content: string): Promise<string> {
  const { status, body } = await user.post(`/rooms/${roomId}/messages`, { type: "text", content });
  if (status !== 201) throw new Error(`sending failed: ${status} ${JSON.stringify(body)}`);
  return body.data._id;
}

/** Sends a message and resolves with its seq once these clients have received it, and so everything before it. */
export async function fence(sender: User, roomId: string, ...clients: Client[]): Promise<number> {
  const { body } = await sender.post(`/rooms/${roomId}/messages`, { content: "fence" });
  const isFence = ({ seq, chatRoomId }: Payload<"new_message">) => chatRoomId === roomId && seq === body.data.seq;
  await Promise.all(clients.map((client) => client.next("new_message", isFence)));
  return body.data.seq;
}

/** Sends `count` texts, eight at a time; resolves when all are stored. */
export async function sendMany(user: User, roomId: string, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await post(user, roomId, `text ${next++}`);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** A new socket of the user that has joined these rooms. */
export async function inRooms(user: User, ...roomIds: string[]): Promise<Client> {
  const client = await user.connect();
  for (const roomId of roomIds) await client.join(roomId);
  return client;
}
