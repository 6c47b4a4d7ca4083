// Receipts: how far members have read and been reached, published in their room at once, and then at most once a second.
import { type EventPayload, type LiveStates, type ReadMark, type serverEvents, smallRoomLimit } from "@khui/contracts";
import { createPacer } from "@khui/service";
import type { Announcer } from "./announcer.js";

export type DeliveryMark = Omit<EventPayload<typeof serverEvents.message_delivered>, "deliveries">;

export interface Receipts {
  /** A member of a room of this many people has read on. */
  read(mark: ReadMark, members: number): void;
  /** Messages have reached these members of a room of this many people. */
  delivered(roomId: string, marks: readonly DeliveryMark[], members: number): void;
  /** Publishes what waits. */
  flush(): void;
}

export interface ReceiptsOptions {
  readonly announce: Pick<Announcer, "liveEvent">;
  /** Between two events of a room. */
  readonly intervalMs?: number;
  /** Receipts of one kind that wait in all rooms together: beyond it all are published at once. */
  readonly maxWaiting?: number;
}

/** More receipts than this are published as one event. */
const maxSingle = 5;

/** What reading and delivery differ in. */
interface Kind<Mark> {
  readonly event: "message_read" | "message_delivered";
  /** The field in which one event carries several. */
  readonly list: "readers" | "deliveries";
  /** The users' other devices follow, also where nobody else is told, and where they do not know the list. */
  readonly ownDevices: boolean;
  readonly seqOf: (mark: Mark) => number;
}

const reading: Kind<ReadMark> = {
  event: "message_read",
  list: "readers",
  ownDevices: true,
  seqOf: ({ readSeq }) => readSeq,
};
const delivery: Kind<DeliveryMark> = {
  event: "message_delivered",
  list: "deliveries",
  ownDevices: false,
  seqOf: ({ deliveredSeq }) => deliveredSeq,
};

interface Waiting<Mark> {
  members: number;
  /** By user, the latest last. */
  readonly marks: Map<string, Mark>;
}

/**
 * One message read by everybody in a room of N would be N events to N people. So in rooms of more than 200 nobody else is told
 * (a sender's `status` says when all have read), and in others what happens within a second is published together: of each
 * member the newest position, and of more than five members all in one event. Each replica does this by itself, and says how new
 * what it publishes is, so that gateways drop what another one was faster with. A crash loses events, never a position: clients
 * get these whenever they join.
 */
export function createReceipts(options: ReceiptsOptions): Receipts {
  const readings = createReceiptsOf(reading, options);
  const deliveries = createReceiptsOf(delivery, options);
  return {
    read: (mark, members) => readings.add(mark.chatRoomId, [mark], members),
    delivered(roomId, marks, members) {
      if (members <= smallRoomLimit) deliveries.add(roomId, marks, members);
    },
    flush() {
      readings.flush();
      deliveries.flush();
    },
  };
}

function createReceiptsOf<Mark extends { readonly chatRoomId: string; readonly userId: string }>(
  { event, list, ownDevices, seqOf }: Kind<Mark>,
  { announce, intervalMs = 1_000, maxWaiting = 20_000 }: ReceiptsOptions,
) {
  let waitingCount = 0;

  const statesOf = (marks: readonly Mark[]): Pick<LiveStates, "of"> => ({
    of: marks.map((mark) => [mark.userId, seqOf(mark)]),
  });

  function publish(roomId: string, marks: readonly Mark[], members: number): void {
    const isShown = members <= smallRoomLimit;
    if (isShown && marks.length <= maxSingle) {
      for (const mark of marks) announce.liveEvent(roomId, { event, states: statesOf([mark]) }, mark);
      return;
    }
    if (isShown) {
      const listed = marks.map(withoutRoom);
      const lengths = listed.map((mark) => JSON.stringify(mark).length);
      const states = { ...statesOf(marks), list: { name: list, lengths } };
      announce.liveEvent(roomId, { event, states }, { ...marks.at(-1), [list]: listed });
    }
    if (!ownDevices) return;
    for (const mark of marks) announce.liveEvent(roomId, { event, only: mark.userId, states: statesOf([mark]) }, mark);
  }

  const pacer = createPacer<Waiting<Mark>>({
    intervalMs,
    onEnd(roomId, { marks, members }) {
      if (marks.size === 0) return false;
      publish(roomId, [...marks.values()], members);
      waitingCount -= marks.size;
      marks.clear();
      return true;
    },
  });

  return {
    add(roomId: string, marks: readonly Mark[], members: number): void {
      const waiting = pacer.find(roomId);
      if (!waiting) {
        pacer.begin(roomId, { members, marks: new Map() });
        publish(roomId, marks, members);
        return;
      }
      waiting.members = members;
      for (const mark of marks) {
        const known = waiting.marks.get(mark.userId);
        if (known && seqOf(known) > seqOf(mark)) continue;
        if (!known) waitingCount++;
        waiting.marks.delete(mark.userId);
        waiting.marks.set(mark.userId, mark);
      }
      if (waitingCount > maxWaiting) pacer.endAll();
    },
    flush: pacer.endAll,
  };
}

const withoutRoom = <Mark extends { readonly chatRoomId: string }>({ chatRoomId: _, ...rest }: Mark) => rest;
