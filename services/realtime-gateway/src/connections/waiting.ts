// How much may wait to be handled: events that clients send faster than they can be answered.
import type { Client } from "./client.js";
import type { RequestQueue } from "./request-queue.js";
import type { Users } from "./users.js";

/** In bytes, beside the one request of each client that is in flight. More is refused as rate_limited. */
export const maxWaitingBytes = {
  /** What comes right behind `authenticate`. */
  beforeAuthentication: 64 * 1024,
  perClient: 256 * 1024,
  /** Of all clients of one user. */
  perUser: 1024 * 1024,
} as const;

/** Of a request besides its payload: its function, its acknowledgement, its place in the queue. */
const requestBytes = 256;
/** Of a value besides the characters of a string. */
const valueBytes = 16;

/** About what a request takes while it waits. `payload` has only the fields that are known. */
export function bytesOf(payload: unknown): number {
  return requestBytes + valueBytesOf(payload);
}

function valueBytesOf(value: unknown): number {
  if (typeof value === "string") return valueBytes + Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return valueBytes;
  return Object.values(value).reduce((sum: number, one) => sum + valueBytesOf(one), valueBytes);
}

/** Whether one more request of so many bytes may wait in this queue of the client. */
export function mayWait(client: Client, queue: RequestQueue, bytes: number, users: Pick<Users, "clientsOf">): boolean {
  if (!queue.busy) return true;
  const own = client.waitingBytes + bytes;
  if (!client.identity) return own <= maxWaitingBytes.beforeAuthentication;
  if (own > maxWaitingBytes.perClient) return false;
  const all = users.clientsOf(client.identity.userId).reduce((sum, one) => sum + one.waitingBytes, bytes);
  return all <= maxWaitingBytes.perUser;
}
