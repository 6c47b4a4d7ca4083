// What clients may ask for over a socket: one handler an event, each resolving with what the acknowledgement carries.
import type { Bus } from "@khui/bus";
import type { Commands } from "./command-map.js";
import { createMessageCommands } from "./messages.js";
import { createPresenceCommands, type PresenceCommandContext } from "./presence.js";
import { createRoomCommands, type RoomCommandContext } from "./rooms.js";

export type CommandContext = RoomCommandContext & PresenceCommandContext & { readonly bus: Bus };

export function createCommands(context: CommandContext): Commands {
  return {
    ...createRoomCommands(context),
    ...createMessageCommands(context.bus),
    ...createPresenceCommands(context),
  };
}
