// Session ids: unguessable, and beginning with the engine that owns the session.
import { randomBytes } from "node:crypto";

export const ownerIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** 120 random bits, as 20 characters of base64url. */
export function randomId(): string {
  return randomBytes(15).toString("base64url");
}

/** A new session id, prefixed with `${ownerId}.` if there is an owner id. */
export function createSessionId(ownerId: string | undefined): string {
  return ownerId === undefined ? randomId() : `${ownerId}.${randomId()}`;
}

/** The owner id at the beginning of a session id, if there is one. */
export function ownerOf(sid: string): string | undefined {
  const dot = sid.lastIndexOf(".");
  const owner = sid.slice(0, Math.max(dot, 0));
  return ownerIdPattern.test(owner) ? owner : undefined;
}
