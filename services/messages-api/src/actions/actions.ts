// The actions that hold state: what waits to be written, and what is in flight.
import type { Context } from "../context.js";
import { type Changing, createChanging } from "./changing.js";
import { createPositions, type Positions } from "./positions.js";
import { createSending, type Sending } from "./sending.js";

export interface Actions {
  readonly sending: Sending;
  readonly changing: Changing;
  readonly positions: Positions;
  /** Waits until everything in flight is written and announced. */
  drain(): Promise<void>;
}

export function createActions(context: Context): Actions {
  const sending = createSending(context);
  const positions = createPositions(context);
  return {
    sending,
    changing: createChanging(context),
    positions,
    async drain() {
      await Promise.all([sending.drain(), positions.drain(), context.roomQueue.drain()]);
    },
  };
}
