// An app that knows the lists of receipts knows the position of everybody in them.
import { type ChatRoom, defaultSettings } from "@khui/contracts";
import { test } from "tap";
import { ClientModel } from "../src/client-model.js";

const roomId = "0123456789abcdef01234567";
const timestamp = new Date(0).toISOString();

test("receipts move everybody whom they name, and nobody back", (t) => {
  const model = new ClientModel("me");
  const room = {
    _id: roomId,
    name: null,
    description: null,
    avatar: null,
    settings: defaultSettings,
    participants: [],
  };
  model.load({ room: room as unknown as ChatRoom, messages: [], seq: 9 });
  const reader = (userId: string, readSeq: number) => ({ userId, readSeq, lastReadMessage: null, timestamp });
  const delivery = (userId: string, deliveredSeq: number) => ({ userId, deliveredSeq, timestamp });
  const positions = () =>
    ["a", "b", "c"].map((userId) => {
      const { readSeq, deliveredSeq } = model.position(roomId, userId) ?? {};
      return [readSeq, deliveredSeq];
    });

  model.applyEvent("message_read", { chatRoomId: roomId, ...reader("a", 3) });
  const readers = [reader("a", 2), reader("b", 4)];
  model.applyEvent("message_read", { chatRoomId: roomId, ...readers[1], readers });
  t.same(positions(), [
    [3, 3],
    [4, 4],
    [undefined, undefined],
  ]);
  const deliveries = [delivery("a", 9), delivery("b", 1), delivery("c", 5)];
  model.applyEvent("message_delivered", { chatRoomId: roomId, ...deliveries[2], deliveries });
  t.same(positions(), [
    [3, 9],
    [4, 4],
    [0, 5],
  ]);
  t.end();
});
