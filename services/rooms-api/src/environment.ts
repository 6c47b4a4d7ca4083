// The settings of the process, as environment variables.
import { serviceEnvironment } from "@khui/http";
import { Type } from "typebox";

export const Environment = Type.Object({
  ...serviceEnvironment,
  POSTGRES_URL: Type.String(),
  POSTGRES_POOL: Type.Integer({ minimum: 2, maximum: 100, default: 10 }),
});
