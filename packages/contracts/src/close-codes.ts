// Why the server closes a socket. 4000-4499: the client may reconnect. 4500-4999: it must not, until something has changed.

export const closeCodes = {
  going_away: { code: 4000, reason: "server is going away, reconnect" },
  slow_consumer: { code: 4008, reason: "socket could not keep up, reconnect and resume" },
  flood: { code: 4029, reason: "too many events, reconnect later" },
  token_expired: { code: 4100, reason: "token expired, reconnect with a fresh one" },
  authentication_timeout: { code: 4101, reason: "no authentication in time" },
  protocol_error: { code: 4400, reason: "protocol error" },
  authentication_failed: { code: 4502, reason: "no valid token, reconnect with another one" },
  too_many_sockets: { code: 4501, reason: "too many sockets, a newer one has taken this one's place" },
} as const satisfies Record<string, { code: number; reason: string }>;
