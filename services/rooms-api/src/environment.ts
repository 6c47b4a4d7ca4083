// The settings of the process, as environment variables.
import { serviceEnvironment } from "@khui/service/http";
import { type Static, Type } from "typebox";
import { defaultQuotas, type RoomQuotas } from "./quotas.js";

const quota = (standard: number) => Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: standard });

/** Those of this service alone: a minute and person. */
export const quotaEnvironment = {
  LIMIT_ROOMS_CREATED: quota(defaultQuotas.roomsCreated),
  LIMIT_PEOPLE_ADDED: quota(defaultQuotas.peopleAdded),
};

export const Environment = Type.Object({
  ...serviceEnvironment,
  ...quotaEnvironment,
  POSTGRES_URL: Type.String(),
  POSTGRES_POOL: Type.Integer({ minimum: 2, maximum: 100, default: 10 }),
});

export function roomQuotas(env: Static<ReturnType<typeof Type.Object<typeof quotaEnvironment>>>): RoomQuotas {
  return { roomsCreated: env.LIMIT_ROOMS_CREATED, peopleAdded: env.LIMIT_PEOPLE_ADDED };
}
