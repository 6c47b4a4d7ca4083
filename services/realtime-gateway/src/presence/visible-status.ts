// How a user's status looks to others.
import type { Status } from "@khui/presence";

export type VisibleStatus = "online" | "away" | "busy" | "offline";

/** `invisible` looks like offline. */
export const visibleStatus = (status: Status | "offline"): VisibleStatus =>
  status === "invisible" ? "offline" : status;
