// Read marks and deliveries: written in group commits, published to the room.
import { ChatError, type ReadMark } from "@khui/contracts";
import { createBatcher } from "../batching/batcher.js";
import { isLocked, isOutage } from "../batching/failures.js";
import type { Context } from "../context.js";
import * as store from "../store/positions.js";

export interface Positions {
  /** Moves a read mark forward to the newest message, or to one of them. Going back changes nothing. */
  markRead(request: { userId: string; roomId: string; messageId?: string | undefined }): Promise<ReadMark>;
  /** Records what has reached the users' sockets. */
  markDelivered(deliveries: readonly store.Delivery[]): Promise<void>;
  /** Waits until every read mark is written. */
  drain(): Promise<void>;
}

const maxBatch = 256;
const maxWaiting = 20_000;
const maxWaitingOfMember = 1_000;

const memberKey = ({ roomId, userId }: store.ReadRequest) => JSON.stringify([roomId, userId]);

export function createPositions({ db, announce, metrics, scopes }: Context): Positions {
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
      for (const [n, { i }] of now.entries()) results[i] = written[n]!;
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
      const mark: ReadMark = {
        chatRoomId: roomId,
        userId,
        lastReadMessage: result.messageId,
        readSeq: result.seq,
        timestamp: result.at.toISOString(),
      };
      if (result.moved) announce.liveEvent(roomId, { event: "message_read" }, mark);
      return mark;
    },
    async markDelivered(deliveries) {
      const moved = await store.markDelivered(db, deliveries);
      const timestamp = new Date().toISOString();
      for (const { roomId, userId, seq } of moved) {
        const payload = { chatRoomId: roomId, userId, deliveredSeq: seq, timestamp };
        announce.liveEvent(roomId, { event: "message_delivered" }, payload);
      }
    },
    drain: () => batcher.drain(),
  };
}
