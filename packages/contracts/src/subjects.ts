// The one place that spells bus subjects.

/** User ids are opaque text; a subject token allows no dot, space or wildcard. */
const encodeToken = (value: string) => Buffer.from(value).toString("base64url");

export const subjects = {
  /** Log entries of a room, published after their commit: the doorbell. */
  roomLog: (roomId: string) => `khui.room.${roomId}.log`,
  /** Typing, presence, receipts of a room: state told once, never replayed. */
  roomLive: (roomId: string) => `khui.room.${roomId}.live`,
  /** What concerns one user's devices only. */
  userLive: (userId: string) => `khui.user.${encodeToken(userId)}.live`,
  /** Polling requests relayed to the gateway that owns the session. */
  gatewayRelay: (boot: string) => `khui.gateway.${boot}.relay`,
} as const;
