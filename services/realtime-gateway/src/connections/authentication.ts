// Authenticates a client: with what came in the handshake or by the authenticate event, and again before its token expires.
import { ChatError, type clientEvents, closeCodes, type EventPayload } from "@khui/contracts";
import type { Guard, Identity } from "@khui/service/http";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { RoomListSubscriptions } from "../room-list/subscriptions.js";
import type { Caller, Client } from "./client.js";
import type { SignInGroups } from "./sign-in-groups.js";
import type { Users } from "./users.js";

export interface AuthenticationContext {
  readonly guard: Guard;
  readonly signIns: SignInGroups;
  readonly users: Users;
  readonly presence: PresenceTracker;
  readonly roomLists: Pick<RoomListSubscriptions, "userConnected" | "clientConnected">;
}

export type Credentials = EventPayload<typeof clientEvents.authenticate>;

/** Establishes who has the token. Throws what `auth_error` says. */
export async function identify(
  { guard, signIns }: AuthenticationContext,
  { address }: Caller,
  { token, userId }: Credentials,
): Promise<Identity> {
  await signIns.next();
  const decision = await guard.limits.take(guard.rules.perAddress, address);
  if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
  const identity = await guard.tokens.verify(token);
  if (userId !== undefined && userId !== identity.userId) throw new ChatError("user_mismatch");
  await guard.onIdentity?.(identity);
  return identity;
}

/** The authenticate event. Throws what `auth_error` says. A client stays with its first user; a fresh token of theirs extends its time. */
export async function authenticate(
  context: AuthenticationContext,
  client: Client,
  credentials: Credentials,
): Promise<object> {
  const identity = await identify(context, client.caller, credentials);
  if (client.identity && client.identity.userId !== identity.userId) throw new ChatError("user_mismatch");
  if (client.closed) throw new ChatError("unauthorized");
  return signIn(context, client, identity);
}

/** Makes the client one of this user, and says so. Nothing here may fail: others see the user online from the first line on. */
export async function signIn(
  { users, presence, roomLists }: AuthenticationContext,
  client: Client,
  identity: Identity,
): Promise<object> {
  const { userId } = identity;
  const isNewClient = client.identity === null;
  const isNewUser = isNewClient && users.add(client, userId);
  client.identity = identity;
  client.socket.trust();
  if (isNewUser) {
    roomLists.userConnected(userId);
    await presence.userConnected(userId);
  } else if (isNewClient) roomLists.clientConnected(client);
  const { name, expiresAt } = identity;
  const answer = {
    userId,
    name: name ?? null,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
  client.emit("authenticated", answer);
  return answer;
}

/** Whether the same token may be accepted later: it was not looked at. */
export function isTemporary({ code, status }: ChatError): boolean {
  return status >= 500 || code === "rate_limited";
}

/**
 * Closes clients that did not authenticate within `timeoutMs`, and those whose token has expired. One whose token was refused
 * would come back with the same: it is told not to. `now` in milliseconds.
 */
export function closeExpired(clients: Iterable<Client>, now: number, timeoutMs: number): void {
  for (const client of clients) {
    const expiresAt = client.identity?.expiresAt;
    if (!client.identity && now - client.openedAt > timeoutMs) {
      close(client, "authentication_timeout", client.refused ? "authentication_failed" : "authentication_timeout");
    } else if (typeof expiresAt === "number" && now >= expiresAt) close(client, "token_expired", "token_expired");
  }
}

function close(client: Client, error: "authentication_timeout" | "token_expired", code: keyof typeof closeCodes): void {
  client.emit("auth_error", client.errorPayload(new ChatError(error)));
  client.socket.close(closeCodes[code].code, closeCodes[code].reason);
}
