// Remembers for a short while which socket was told what, when one change is published in several rooms.
import type { Session } from "./session.js";

export interface Once {
  /** True the first time for this id and session. */
  first(id: string, session: Session): boolean;
  /** Forgets what was told before the previous turn. */
  turn(): void;
}

export function createOnce(): Once {
  let current = new Map<string, Set<Session>>();
  let previous = new Map<string, Set<Session>>();
  return {
    first(id, session) {
      let told = current.get(id) ?? previous.get(id);
      if (!told) {
        told = new Set();
        current.set(id, told);
      }
      if (told.has(session)) return false;
      told.add(session);
      return true;
    },
    turn() {
      previous = current;
      current = new Map();
    },
  };
}
