// Authenticates a client: by the authenticate event or in the handshake, and again before its token expires.
import { ChatError, type clientEvents, closeCodes, type EventPayload } from "@khui/contracts";
import type { Guard } from "@khui/service/http";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { RoomListSubscriptions } from "../room-list/subscriptions.js";
import type { Client } from "./client.js";
import type { SignInGroups } from "./sign-in-groups.js";
import type { Users } from "./users.js";

export interface AuthenticationContext {
  readonly guard: Guard;
  readonly signIns: SignInGroups;
  readonly users: Users;
  readonly presence: PresenceTracker;
  readonly roomLists: Pick<RoomListSubscriptions, "userConnected" | "clientConnected">;
}

/** Throws what `auth_error` says. A client stays with its first user; a fresh token of theirs extends its time. */
export async function authenticate(
  { guard, signIns, users, presence, roomLists }: AuthenticationContext,
  client: Client,
  { token, userId }: EventPayload<typeof clientEvents.authenticate>,
): Promise<object> {
  await signIns.next();
  const decision = await guard.limits.take(guard.rules.perAddress, client.caller.address);
  if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
  const identity = await guard.tokens.verify(token);
  if (userId !== undefined && userId !== identity.userId) throw new ChatError("user_mismatch");
  if (client.identity && client.identity.userId !== identity.userId) throw new ChatError("user_mismatch");
  await guard.onIdentity?.(identity);
  if (client.closed) throw new ChatError("unauthorized");
  const isNewClient = client.identity === null;
  const isNewUser = isNewClient && users.add(client, identity.userId);
  client.identity = identity;
  if (isNewUser) {
    roomLists.userConnected(identity.userId);
    await presence.userConnected(identity.userId);
  } else if (isNewClient) roomLists.clientConnected(client);
  const answer = {
    userId: identity.userId,
    name: identity.name ?? null,
    expiresAt: identity.expiresAt === null ? null : new Date(identity.expiresAt).toISOString(),
  };
  client.emit("authenticated", answer);
  return answer;
}

/** Closes clients that did not authenticate within `timeoutMs`, and those whose token has expired. `now` in milliseconds. */
export function closeExpired(clients: Iterable<Client>, now: number, timeoutMs: number): void {
  for (const client of clients) {
    const expiresAt = client.identity?.expiresAt;
    if (!client.identity && now - client.openedAt > timeoutMs) close(client, "authentication_timeout");
    else if (typeof expiresAt === "number" && now >= expiresAt) close(client, "token_expired");
  }
}

function close(client: Client, code: "authentication_timeout" | "token_expired"): void {
  client.emit("auth_error", client.errorPayload(new ChatError(code)));
  client.socket.close(closeCodes[code].code, closeCodes[code].reason);
}
