// Read marks and deliveries: gathered, written together, told to the room.
import { ChatError, type ReadMark } from "@khui/contracts";
import { type Batcher, createBatcher } from "./batcher.js";
import type { Context } from "./context.js";
import { isLocked, isOutage } from "./failures.js";
import { type Delivery, markDelivered, markReadBatch, type ReadRequest, type ReadResult } from "./store/positions.js";

export interface Marking {
  /** Moves a read mark forward to the newest message, or to one of them. Going back changes nothing. */
  read(request: { userId: string; roomId: string; messageId?: string | undefined }): Promise<ReadMark>;
  delivered(positions: readonly Delivery[]): Promise<void>;
  drain(): Promise<void>;
}

const maxBatch = 256;
const maxWaiting = 20_000;
const maxWaitingOfKey = 1_000;

const memberKey = (roomId: string, userId: string) => JSON.stringify([roomId, userId]);

export function createMarking(context: Context): Marking {
  const batcher: Batcher<ReadRequest, ReadResult> = createBatcher({
    write: (requests) => writeOnce(context, requests),
    keyOf: ({ roomId, userId }) => memberKey(roomId, userId),
    maxBatch,
    maxWaiting,
    maxWaitingOfKey,
    isOutage,
    isLocked,
    scopes: context.scopes,
  });
  return {
    async read({ userId, roomId, messageId }) {
      const result = await batcher.add({ userId, roomId, messageId });
      if (result.kind === "refused") throw new ChatError(result.code);
      const mark: ReadMark = {
        chatRoomId: roomId,
        userId,
        lastReadMessage: result.messageId,
        readSeq: result.seq,
        timestamp: result.at.toISOString(),
      };
      if (result.moved) context.announce.live(roomId, { event: "message_read" }, mark);
      return mark;
    },
    async delivered(positions) {
      const moved = await markDelivered(context.db, positions);
      const timestamp = new Date().toISOString();
      for (const { roomId, userId, seq } of moved) {
        const payload = { chatRoomId: roomId, userId, deliveredSeq: seq, timestamp };
        context.announce.live(roomId, { event: "message_delivered" }, payload);
      }
    },
    drain: () => batcher.drain(),
  };
}

/** The statement takes one request a member: those that meet in a batch are written in turns. */
async function writeOnce(context: Context, requests: readonly ReadRequest[]): Promise<ReadResult[]> {
  context.meters.batch("read", requests.length);
  const results = new Array<ReadResult>(requests.length);
  let rest = requests.map((request, i) => ({ request, i }));
  while (rest.length > 0) {
    const seen = new Set<string>();
    const turn = rest.filter(({ request: { roomId, userId } }) => {
      const key = memberKey(roomId, userId);
      return seen.has(key) ? false : seen.add(key);
    });
    const written = await markReadBatch(
      context.db,
      turn.map(({ request }) => request),
    );
    for (const [n, { i }] of turn.entries()) results[i] = written[n]!;
    const done = new Set(turn);
    rest = rest.filter((one) => !done.has(one));
  }
  return results;
}
