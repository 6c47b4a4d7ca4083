// The gateway's settings, as environment variables.
import { type Static, type TObject, Type } from "typebox";
import { defaultFlood } from "./connections/flood-control.js";
import { defaultMaxClientsPerUser } from "./connections/users.js";
import type { GatewayOptions } from "./gateway.js";

const count = (standard: number) => Type.Integer({ minimum: 1, default: standard });

export const gatewayEnvironment = {
  /** From SIGTERM to the end of listening; sockets are closed over its last three quarters. */
  DRAIN_SECONDS: Type.Integer({ minimum: 0, maximum: 12, default: 8 }),
  /** New sockets a second: what holds off the herd when another replica has gone. */
  MAX_HANDSHAKES_PER_SECOND: count(1_000),
  /** Of one client address, twice as many at once. */
  MAX_HANDSHAKES_PER_ADDRESS: count(100),
  /** Of one user here; one more closes the oldest. */
  MAX_SOCKETS_PER_USER: count(defaultMaxClientsPerUser),
  /** Of one socket: events at once, and a second in the long run. */
  EVENTS_BURST: count(defaultFlood.burst),
  EVENTS_PER_SECOND: count(defaultFlood.perSecond),
  /** Of all sockets of one user here. */
  USER_EVENTS_BURST: count(defaultFlood.user.burst),
  USER_EVENTS_PER_SECOND: count(defaultFlood.user.perSecond),
  /** Of one socket, at a time. */
  MAX_JOINED_ROOMS: count(500),
  WATCHED_ROOMS: Type.Integer({ minimum: 0, maximum: 500, default: 50 }),
};

/** The settings as `createGateway` takes them. */
export function gatewayOptions(env: Static<TObject<typeof gatewayEnvironment>>) {
  return {
    maxRoomListRooms: env.WATCHED_ROOMS,
    maxRooms: env.MAX_JOINED_ROOMS,
    maxClientsPerUser: env.MAX_SOCKETS_PER_USER,
    flood: {
      ...defaultFlood,
      burst: env.EVENTS_BURST,
      perSecond: env.EVENTS_PER_SECOND,
      user: { burst: env.USER_EVENTS_BURST, perSecond: env.USER_EVENTS_PER_SECOND },
    },
  } satisfies Partial<GatewayOptions>;
}
