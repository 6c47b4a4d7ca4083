// The presence port: who is online, under which status, and who is typing.

/** What a user can choose to be. `invisible` is told as it is: hiding it from others is the caller's rule. */
export type Status = "online" | "away" | "busy" | "invisible";

/** lastSeen is an ISO date: now for a user with a live socket, the last sign of life for one without, null if never seen. */
export interface PresenceState {
  userId: string;
  status: Status | "offline";
  lastSeen: string | null;
}

export interface Transition {
  userId: string;
  before: Status | "offline";
  after: Status | "offline";
}

/**
 * Presence of users over all gateway processes. An instance is one run of one gateway process, under an id of its own; it holds
 * users for as long as its lease runs.
 *
 * Guarantees: each user's change is atomic. A change to offline is returned to exactly one caller, whichever call
 * brings it about. Long lists are worked through in slices, and an answer may be lost on its way, so a rejected call may have
 * done its work or a part of it: repeat it (every call may be repeated). Changes that it made are then not reported again:
 * look its users up.
 *
 * Ids (of users, rooms and instances) are strings of 1–128 characters, any characters; every call rejects with a
 * RangeError for another id, status or duration, and with PresenceUnavailable when the store does not answer.
 */
export interface Presence {
  /**
   * Renews the lease of an instance for leaseMs from now, even if it would have run longer. An instance whose lease ran out is
   * dead with all its users, even if it comes back: then, and for an instance not seen before, the answer is `known: false`, a
   * new lease has begun with no users, and the caller must connect() its users again.
   */
  renew(instanceId: string, leaseMs: number): Promise<{ known: boolean }>;
  /**
   * The user has at least one socket at that instance. Idempotent. `status` is only applied when given; else the user's last
   * chosen status is kept (at first "online"). Returns a transition per entry in the order given, before === after when nothing changed.
   * An instance without a running lease holds nobody: then only the status is kept, and its next renew() answers `known: false`.
   */
  connect(instanceId: string, users: Array<{ userId: string; status?: Status }>): Promise<Transition[]>;
  /** The user has no socket at that instance any more. Becomes offline only when no live instance holds them. */
  disconnect(instanceId: string, userIds: string[]): Promise<Transition[]>;
  /** Chooses a status; it outlives reconnects. For a user who is offline both sides of the transition are "offline". */
  setStatus(userId: string, status: Status): Promise<Transition>;
  /** In the order asked; unknown users are offline with lastSeen null. Expired leases count as offline even before reap(). */
  lookup(userIds: string[]): Promise<PresenceState[]>;
  /**
   * Removes instances with expired leases and returns the users that thereby went offline. When it fails on the way it returns
   * those so far, and a later call the rest; it rejects when there are none. Those of a step whose answer is lost are not
   * returned to anybody.
   */
  reap(): Promise<Transition[]>;
  /** Shows the user typing in the room for ttlMs, or for ttlMs more. fresh: was not typing before. */
  startTyping(roomId: string, userId: string, ttlMs: number): Promise<{ fresh: boolean }>;
  stopTyping(roomId: string, userId: string): Promise<{ was: boolean }>;
  /** Who types in the room now, in no particular order. */
  typing(roomId: string): Promise<string[]>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Lets go of the store; calls made afterwards reject. */
  close(): Promise<void>;
}

/** The store did not answer. What it failed with is the `cause`. */
export class PresenceUnavailable extends Error {
  override readonly name = "PresenceUnavailable";
}
