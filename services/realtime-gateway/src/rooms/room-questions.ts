// What joins ask messages-api: many joins, of any clients, are one question.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, isErrorCode, maxOpenedRooms, messagesRpc, type OpenedRoom, type RpcRequest } from "@khui/contracts";
import { createGroupedQuestions } from "./grouped-questions.js";

type Join = RpcRequest<typeof messagesRpc.openRooms>["joins"][number];

export interface RoomQuestions {
  /** Opens a room for a user. Throws room_not_found, not_a_participant, service_unavailable. */
  open(join: Join): Promise<OpenedRoom>;
  /** The read positions of a room as JSON: see `messagesRpc.readPositions`. Throws service_unavailable. */
  readPositions(roomId: string): Promise<string>;
}

export function createRoomQuestions(bus: Bus): RoomQuestions {
  const openings = createGroupedQuestions({
    ask: async (joins: readonly Join[]) => (await call(bus, messagesRpc.openRooms, { joins: [...joins] })).rooms,
    maxItems: maxOpenedRooms,
  });
  const positions = createGroupedQuestions({
    ask: async (roomIds: readonly string[]) =>
      (await call(bus, messagesRpc.readPositions, { roomIds: [...roomIds] })).positions,
    maxItems: maxOpenedRooms,
  });
  return {
    async open(join) {
      const room = await openings.ask(join);
      if ("code" in room) throw new ChatError(isErrorCode(room.code) ? room.code : "internal_error");
      return room;
    },
    readPositions: positions.ask,
  };
}
