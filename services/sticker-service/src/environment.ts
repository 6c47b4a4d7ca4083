// The settings of the process, as environment variables.
import { blobEnvironment, linkEnvironment, serviceEnvironment } from "@khui/service/http";
import { Type } from "typebox";

export const Environment = Type.Object({
  ...serviceEnvironment,
  ...blobEnvironment,
  PUBLIC_URL: linkEnvironment.PUBLIC_URL,
  POSTGRES_URL: Type.String(),
  POSTGRES_POOL: Type.Integer({ minimum: 1, maximum: 100, default: 4 }),
});
