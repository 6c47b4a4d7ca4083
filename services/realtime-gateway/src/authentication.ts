// Signing a socket in: by the authenticate event or the handshake, once or again before the token ends.
import { ChatError, type clientEvents, type EventPayload } from "@khui/contracts";
import type { Guard } from "@khui/service/http";
import type { PresenceKeeper } from "./presence.js";
import type { Session } from "./session.js";
import type { Users } from "./users.js";
import type { Watching } from "./watching.js";

export interface AuthenticationContext {
  readonly guard: Guard;
  readonly users: Users;
  readonly presence: PresenceKeeper;
  readonly watching: Pick<Watching, "start" | "come">;
}

/** Throws what `auth_error` tells. A socket stays with its first user; a fresh token of theirs extends its time. */
export async function authenticate(
  { guard, users, presence, watching }: AuthenticationContext,
  session: Session,
  { token, userId }: EventPayload<typeof clientEvents.authenticate>,
): Promise<object> {
  const verdict = await guard.limits.take(guard.rules.perAddress, session.caller.address);
  if (!verdict.allowed) throw new ChatError("rate_limited", { retryAfter: verdict.retryAfterSeconds });
  const identity = await guard.tokens.verify(token);
  if (userId !== undefined && userId !== identity.userId) throw new ChatError("user_mismatch");
  if (session.identity && session.identity.userId !== identity.userId) throw new ChatError("user_mismatch");
  await guard.onIdentity?.(identity);
  if (session.closed) throw new ChatError("unauthorized");
  const isNew = session.identity === null;
  const first = isNew && users.add(session, identity.userId);
  session.identity = identity;
  if (first) {
    watching.start(identity.userId);
    await presence.arrived(identity.userId);
  } else if (isNew) watching.come(session);
  const answer = {
    userId: identity.userId,
    name: identity.name ?? null,
    expiresAt: identity.expiresAt === null ? null : new Date(identity.expiresAt).toISOString(),
  };
  session.emit("authenticated", answer);
  return answer;
}
