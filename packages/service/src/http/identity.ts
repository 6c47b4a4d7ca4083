// Who a token's bearer is, and for how long: the one place where the claims of a verified token are read.
import { ChatError } from "@khui/contracts";

/** The identity of a token's bearer. Its times are whole milliseconds since 1970, from then to the year 9999. */
export interface Identity {
  readonly userId: string;
  readonly name: string | undefined;
  readonly avatar: string | undefined;
  /** The token's scope contains chat:admin. */
  readonly admin: boolean;
  /** Null for a token that does not say. */
  readonly issuedAt: number | null;
  /** Null for a token without end. */
  readonly expiresAt: number | null;
}

export type Claims = Readonly<Record<string, unknown>>;

/** How far the clock of whoever signs tokens may be ahead of ours. */
const maxClockSkewMs = 30_000;
/** An end beyond it is none: a date can hold no later one than the year 275760, and a timestamp has four digits for its year. */
const endOfDates = Date.UTC(10_000, 0);
/** UTF-16 units, as the directory accepts them. */
const maxNameLength = 200;
const maxAvatarLength = 2048;
const characters = new Intl.Segmenter();

/**
 * Reads the claims of a token whose signature is valid. The user id is `sub`, else `userId`, `id`, `_id`; a number is converted to its digits.
 * `maxAgeSeconds`: the longest time from `iat` to `exp`, which then both must be there.
 * Throws ChatError: token_expired after `exp`; invalid_token before `nbf` or `iat`, and for what cannot be used.
 */
export function readIdentity(claims: Claims, maxAgeSeconds?: number): Identity {
  return {
    userId: readUserId(claims),
    name: cutName(text(claims.name)),
    avatar: shortEnough(text(claims.avatar ?? claims.picture)),
    admin: hasAdminScope(claims.scope),
    ...readTimes(claims, Date.now(), maxAgeSeconds),
  };
}

function readUserId(claims: Claims): string {
  const id = [claims.sub, claims.userId, claims.id, claims._id].find((value) => value !== undefined && value !== null);
  // Of larger numbers several have the same digits.
  const userId = Number.isSafeInteger(id) ? String(id) : text(id);
  if (userId === undefined || userId.length > 128) throw new ChatError("invalid_token");
  return userId;
}

function readTimes(claims: Claims, now: number, maxAgeSeconds?: number): Pick<Identity, "issuedAt" | "expiresAt"> {
  const [startsAt, issuedAt, expiresAt] = [claims.nbf, claims.iat, claims.exp].map(milliseconds);
  if (Math.max(startsAt ?? 0, issuedAt ?? 0) > now + maxClockSkewMs) throw new ChatError("invalid_token");
  if (expiresAt !== undefined && expiresAt <= now) throw new ChatError("token_expired");
  if (maxAgeSeconds !== undefined) {
    if (issuedAt === undefined || expiresAt === undefined) throw new ChatError("invalid_token");
    if (expiresAt - issuedAt > maxAgeSeconds * 1000) throw new ChatError("invalid_token");
  }
  return { issuedAt: issuedAt ?? null, expiresAt: expiresAt === endOfDates ? null : (expiresAt ?? null) };
}

/** A NumericDate (RFC 7519, section 2: seconds, which may have a fraction), as a date can hold it; undefined if there is none. */
function milliseconds(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number") throw new ChatError("invalid_token");
  return Math.min(Math.max(Math.floor(value * 1000), 0), endOfDates);
}

/** A text that can be stored and is not empty. */
function text(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "" || value.includes("\0") || !value.isWellFormed()) return undefined;
  return value;
}

/** Cut between two characters as people see them; a single one that is too long (a letter under hundreds of marks) between its parts. */
function cutName(name: string | undefined): string | undefined {
  if (name === undefined || name.length <= maxNameLength) return name;
  const whole = characters.segment(name).containing(maxNameLength)?.index || maxNameLength;
  const cut = name.slice(0, whole);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** A part of an address leads elsewhere. */
function shortEnough(avatar: string | undefined): string | undefined {
  return avatar === undefined || avatar.length > maxAvatarLength ? undefined : avatar;
}

function hasAdminScope(scope: unknown): boolean {
  const scopes = typeof scope === "string" ? scope.split(" ") : Array.isArray(scope) ? scope : [];
  return scopes.includes("chat:admin");
}
