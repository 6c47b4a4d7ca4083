// The settings of the process, as environment variables.
import { serviceEnvironment } from "@khui/http";
import { Type } from "typebox";

export const Environment = Type.Object({
  ...serviceEnvironment,
  /** Over how long sockets are closed on SIGTERM. */
  DRAIN_SECONDS: Type.Integer({ minimum: 0, maximum: 12, default: 8 }),
  /** New sockets a second: what holds off the herd when another replica has gone. */
  MAX_HANDSHAKES_PER_SECOND: Type.Integer({ minimum: 1, default: 1_000 }),
  WATCHED_ROOMS: Type.Integer({ minimum: 0, maximum: 500, default: 50 }),
});
