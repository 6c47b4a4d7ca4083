// A bus with injected faults: some of the rooms' log entries are lost, duplicated or reordered.
import { randomFrom } from "./random.js";

/** The wrapped bus; only `publish` matters here. */
interface Publishing {
  publish(subject: string, data: Uint8Array, headers?: Record<string, string>): void;
}

export interface Faults {
  dropped: number;
  repeated: number;
  reordered: number;
}

/** Shares of all entries; together 20 %. */
const dropShare = 0.08;
const repeatShare = 0.06;
const reorderShare = 0.06;

const isRoomLog = (subject: string) => /^khui\.room\.[^.]+\.log$/.test(subject);

/**
 * Wraps `bus` so that messages on room log subjects are dropped, repeated, or held back until after the next message of
 * their subject (for ever when there is none). Faults are drawn from `seed`; all other traffic passes untouched.
 * `faults` counts them.
 */
export function faultyBus<B extends Publishing>(bus: B, seed: number): { bus: B; faults: Faults } {
  const draw = randomFrom(seed);
  const faults: Faults = { dropped: 0, repeated: 0, reordered: 0 };
  const held = new Map<string, () => void>();

  function publish(subject: string, data: Uint8Array, headers?: Record<string, string>): void {
    const send = () => bus.publish(subject, data, headers);
    if (!isRoomLog(subject)) {
      send();
      return;
    }
    const before = held.get(subject);
    held.delete(subject);
    const fate = draw();
    if (fate < dropShare) faults.dropped++;
    else if (fate < dropShare + repeatShare) {
      faults.repeated++;
      send();
      send();
    } else if (fate < dropShare + repeatShare + reorderShare) {
      faults.reordered++;
      held.set(subject, send);
    } else send();
    before?.();
  }

  // Object.create keeps getters such as `connected` live.
  return { bus: Object.create(bus, { publish: { value: publish } }) as B, faults };
}
