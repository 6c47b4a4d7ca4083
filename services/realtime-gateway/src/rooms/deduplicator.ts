// Remembers for a short while which client has received what, where one change is published in several rooms.
import type { Client } from "../connections/client.js";

export interface Deduplicator {
  /** True the first time for this id and client. */
  isFirst(id: string, client: Client): boolean;
  /** Forgets everything from before the previous rotation. */
  rotate(): void;
}

export function createDeduplicator(): Deduplicator {
  let current = new Map<string, Set<Client>>();
  let previous = new Map<string, Set<Client>>();
  return {
    isFirst(id, client) {
      let recipients = current.get(id) ?? previous.get(id);
      if (!recipients) {
        recipients = new Set();
        current.set(id, recipients);
      }
      if (recipients.has(client)) return false;
      recipients.add(client);
      return true;
    },
    rotate() {
      previous = current;
      current = new Map();
    },
  };
}
