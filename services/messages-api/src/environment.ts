// The settings of the process, as environment variables.
import { linkEnvironment, serviceEnvironment } from "@khui/service/http";
import { Type } from "typebox";

export const Environment = Type.Object({
  ...serviceEnvironment,
  ...linkEnvironment,
  POSTGRES_URL: Type.String(),
  POSTGRES_POOL: Type.Integer({ minimum: 2, maximum: 100, default: 10 }),
  LOG_RETENTION_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 7 }),
});
