// Read marks and deliveries: written in group commits, and announced as receipts.
import { ChatError, type ReadMark } from "@khui/contracts";
import type { DeliveryMark } from "../announcing/receipts.js";
import { createBatcher } from "../batching/batcher.js";
import { isLocked, isOutage } from "../batching/failures.js";
import type { Context } from "../context.js";
import * as store from "../store/positions.js";

export interface Positions {
  /** Moves a read mark forward to the newest message, or to one of them. Going back changes nothing. */
  markRead(request: { userId: string; roomId: string; messageId?: string | undefined }): Promise<ReadMark>;
  /** Records what has reached the users' sockets. */
  markDelivered(deliveries: readonly store.Delivery[]): Promise<void>;
  /** Waits until every read mark is written and announced. */
  drain(): Promise<void>;
}

const maxBatch = 256;
const maxWaiting = 20_000;
const maxWaitingOfMember = 1_000;

const memberKey = ({ roomId, userId }: store.ReadRequest) => JSON.stringify([roomId, userId]);

type Read = Extract<store.ReadResult, { kind: "read" }>;

const markOf = (
  { roomId, userId }: Pick<store.ReadRequest, "roomId" | "userId">,
  { messageId, seq, at }: Read,
): ReadMark => ({
  chatRoomId: roomId,
  userId,
  lastReadMessage: messageId,
  readSeq: seq,
  timestamp: at.toISOString(),
});

export function createPositions({ db, receipts, metrics, scopes }: Context): Positions {
  /** The statement takes one request a member: those of the same member are written one after the other. */
  async function write(requests: readonly store.ReadRequest[]): Promise<store.ReadResult[]> {
    metrics.batch("read", requests.length);
    const results = new Array<store.ReadResult>(requests.length);
    let rest = requests.map((request, i) => ({ request, i }));
    while (rest.length > 0) {
      const round = new Map<string, (typeof rest)[number]>();
      const later: typeof rest = [];
      for (const one of rest) {
        const key = memberKey(one.request);
        if (round.has(key)) later.push(one);
        else round.set(key, one);
      }
      const now = [...round.values()];
      const written = await store.markReadBatch(
        db,
        now.map(({ request }) => request),
      );
      for (const [n, { request, i }] of now.entries()) {
        const result = written[n]!;
        results[i] = result;
        if (result.kind === "read" && result.moved) receipts.read(markOf(request, result), result.members);
      }
      rest = later;
    }
    return results;
  }

  const batcher = createBatcher<store.ReadRequest, store.ReadResult>({
    write,
    keyOf: memberKey,
    maxBatch,
    maxWaiting,
    maxWaitingOfKey: maxWaitingOfMember,
    isOutage,
    isLocked,
    scopes,
  });

  return {
    async markRead({ userId, roomId, messageId }) {
      const result = await batcher.add({ userId, roomId, messageId });
      if (result.kind === "refused") throw new ChatError(result.code);
      return markOf({ userId, roomId }, result);
    },
    async markDelivered(deliveries) {
      const moved = await store.markDelivered(db, deliveries);
      const timestamp = new Date().toISOString();
      const rooms = new Map<string, { members: number; marks: DeliveryMark[] }>();
      for (const { roomId, userId, seq, members } of moved) {
        const room = rooms.get(roomId) ?? { members, marks: [] };
        room.marks.push({ chatRoomId: roomId, userId, deliveredSeq: seq, timestamp });
        rooms.set(roomId, room);
      }
      for (const [roomId, { marks, members }] of rooms) receipts.delivered(roomId, marks, members);
    },
    async drain() {
      await batcher.drain();
      receipts.flush();
    },
  };
}
