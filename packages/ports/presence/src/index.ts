// The presence port: who is online, under which status, and who is typing.

/** What a user can choose to be. `invisible` is told as it is: hiding it from others is the caller's rule. */
export type Status = "online" | "away" | "busy" | "invisible";

/** A choice as it is stored durably elsewhere: of two, that with the higher revision counts. Who never chose is online, at 0. */
export interface Choice {
  status: Status;
  revision: number;
}

/**
 * When the store said something: of two moments of one epoch, the one with the higher number is later. A store that lost what it
 * had begins another epoch, and moments of two epochs do not compare.
 */
export interface Moment {
  epoch: string;
  at: number;
}

/**
 * Who is connected, and whose status the store does not know, is `invisible`. lastSeen is an ISO date: now for a user with a live
 * socket, the last sign of life for one without, null if never seen; what an invisible user does is no sign of life.
 */
export interface PresenceState {
  userId: string;
  status: Status | "offline";
  lastSeen: string | null;
  moment: Moment;
}

/** `known: false`: the store does not know the user's status, so the caller must find out, and connect() again with it. */
export interface Connected extends Transition {
  known: boolean;
}

/** What a user began or ended, and when; `isVisible`: others may see that the user is connected. */
export interface Told {
  isVisible: boolean;
  moment: Moment;
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
   * The user has at least one socket at that instance. Idempotent. A choice is applied unless a later one is known; without, the
   * status is what the store knows. Returns a transition per entry in the order given, before === after when nothing changed.
   * An instance without a running lease holds nobody: then only the status is kept, and its next renew() answers `known: false`.
   */
  connect(instanceId: string, users: Array<{ userId: string; choice?: Choice }>): Promise<Connected[]>;
  /** The user has no socket at that instance any more. Becomes offline only when no live instance holds them. */
  disconnect(instanceId: string, userIds: string[]): Promise<Transition[]>;
  /** Applies a choice unless a later one is known; it outlives reconnects. For a user who is offline both sides of the transition are "offline". */
  setStatus(userId: string, choice: Choice): Promise<Transition>;
  /** In the order asked; unknown users are offline with lastSeen null. Expired leases count as offline even before reap(). */
  lookup(userIds: string[]): Promise<PresenceState[]>;
  /**
   * Removes instances with expired leases and returns the users that thereby went offline. When it fails on the way it returns
   * those so far, and a later call the rest; it rejects when there are none. Those of a step whose answer is lost are not
   * returned to anybody.
   */
  reap(): Promise<Transition[]>;
  /**
   * The user types in the room at that instance, for ttlMs from now. A user whom others do not see online (`isVisible: false`) is
   * not stored.
   */
  startTyping(instanceId: string, roomId: string, userId: string, ttlMs: number): Promise<Told>;
  /** The user does not type there any more; without an instance, nowhere. `ended`: they did, and do not type at another one. */
  stopTyping(roomId: string, userId: string, instanceId?: string): Promise<{ ended: boolean; moment: Moment }>;
  /** Who types in the room now, of those whom others see online, in no particular order. */
  typing(roomId: string): Promise<string[]>;
  /**
   * Users have opened or closed rooms at that instance; each in the order given. `changed`: no other instance has the room open for
   * that user, so that for others it is opened or closed with this.
   */
  setOpen(
    instanceId: string,
    changes: Array<{ roomId: string; userId: string; isOpen: boolean }>,
  ): Promise<Array<Told & { changed: boolean }>>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Lets go of the store; calls made afterwards reject. */
  close(): Promise<void>;
}

/** The store did not answer. What it failed with is the `cause`. */
export class PresenceUnavailable extends Error {
  override readonly name = "PresenceUnavailable";
}
