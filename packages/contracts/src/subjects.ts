// The one place that spells bus subjects.

/** User ids are opaque text; a subject token allows no dot, space or wildcard. */
const encodeToken = (value: string) => Buffer.from(value).toString("base64url");
const decodeToken = (token: string) => Buffer.from(token, "base64url").toString();

export const subjects = {
  /** Log entries of a room, published after their commit: the doorbell. */
  roomLog: (roomId: string) => `khui.room.${roomId}.log`,
  /** Typing, presence, receipts of a room: state told once, never replayed. */
  roomLive: (roomId: string) => `khui.room.${roomId}.live`,
  /** What concerns one user's devices only. */
  userLive: (userId: string) => `khui.user.${encodeToken(userId)}.live`,
  /** The same of all users, for those who serve very many. */
  everyUserLive: "khui.user.*.live",
  /** The user whom a `userLive` subject is about. */
  userOf: (subject: string) => decodeToken(subject.split(".")[2] ?? ""),
  /** Polling requests relayed to the gateway that owns the session. */
  gatewayRelay: (instanceId: string) => `khui.gateway.${instanceId}.relay`,
} as const;
