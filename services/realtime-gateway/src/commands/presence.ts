// Choosing a status, and asking who is online.
import type { OnlineContacts } from "../presence/online-contacts.js";
import type { PresenceTracker } from "../presence/presence-tracker.js";
import type { Commands } from "./command-map.js";

export interface PresenceCommandContext {
  readonly presence: Pick<PresenceTracker, "setStatus">;
  readonly contacts: OnlineContacts;
}

export function createPresenceCommands({
  presence,
  contacts,
}: PresenceCommandContext): Pick<Commands, "update_status" | "get_online_users"> {
  return {
    async update_status(client, { status }) {
      await presence.setStatus(client.userId, status);
      return { userId: client.userId, status };
    },
    async get_online_users(client) {
      const { users, frame } = await contacts.of(client.userId);
      if (!client.closed) client.socket.send(frame);
      return users;
    },
  };
}
