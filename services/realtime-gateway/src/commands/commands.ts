// What clients may ask for over a socket: one handler an event, each resolving with what the acknowledgement carries.
import type { ClientEventName, clientEvents, EventPayload } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import { createMessageCommands } from "./messages.js";
import { createPresenceCommands, type PresenceCommandContext } from "./presence.js";
import { createRoomCommands, type RoomCommandContext } from "./rooms.js";

/** Handlers for validated payloads of authenticated clients; they throw ChatError. */
export type Commands = {
  readonly [Name in Exclude<ClientEventName, "authenticate">]: (
    client: Client,
    payload: EventPayload<(typeof clientEvents)[Name]>,
  ) => Promise<unknown>;
};

export type CommandContext = RoomCommandContext & PresenceCommandContext;

export function createCommands(context: CommandContext): Commands {
  return {
    ...createRoomCommands(context),
    ...createMessageCommands(context.bus),
    ...createPresenceCommands(context),
  };
}
