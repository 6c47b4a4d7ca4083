// The settings of the service, as environment variables.
import { defaultSettings, JoinPolicy } from "@khui/contracts";
import { type Static, Type } from "typebox";
import { defaultQuotas, type RoomQuotas } from "./quotas.js";

const quota = (standard: number) => Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: standard });

/** A minute and person. */
export const quotaEnvironment = {
  LIMIT_ROOMS_CREATED: quota(defaultQuotas.roomsCreated),
  LIMIT_PEOPLE_ADDED: quota(defaultQuotas.peopleAdded),
};

export const roomEnvironment = {
  ...quotaEnvironment,
  /** Of groups whose creator says nothing. */
  DEFAULT_JOIN_POLICY: Type.Enum(JoinPolicy.enum, { default: defaultSettings.joinPolicy }),
};

export function roomQuotas(env: Static<ReturnType<typeof Type.Object<typeof quotaEnvironment>>>): RoomQuotas {
  return { roomsCreated: env.LIMIT_ROOMS_CREATED, peopleAdded: env.LIMIT_PEOPLE_ADDED };
}
