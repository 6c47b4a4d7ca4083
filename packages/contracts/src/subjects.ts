// The subjects of the bus, in one place.

/** User ids are opaque text; a subject token allows no dot, space or wildcard. */
const encodeToken = (value: string) => Buffer.from(value).toString("base64url");
const decodeToken = (token: string) => Buffer.from(token, "base64url").toString();

export const subjects = {
  /** Log entries of a room, published after their commit: the doorbell. */
  roomLog: (roomId: string) => `khui.room.${roomId}.log`,
  /** Typing, presence, receipts of a room: published once, never replayed. */
  roomLive: (roomId: string) => `khui.room.${roomId}.live`,
  /** Events for one user's devices only. */
  userLive: (userId: string) => `khui.user.${encodeToken(userId)}.live`,
  /** The same for all users, for subscribers that serve very many. */
  everyUserLive: "khui.user.*.live",
  /** The user of a `userLive` subject. */
  userOf: (subject: string) => decodeToken(subject.split(".")[2] ?? ""),
  /** Polling requests relayed to the gateway that owns the session. */
  gatewayRelay: (instanceId: string) => `khui.gateway.${instanceId}.relay`,
  /** Sessions of a gateway that others take over. */
  gatewayTakeover: (instanceId: string) => `khui.gateway.${instanceId}.takeover`,
} as const;
