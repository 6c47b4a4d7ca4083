// Whether the simulation finds what is wrong at all: faults that are put into the gateway's own classes.
import { RequestQueue } from "@khui/realtime-gateway/internal/connections/request-queue";
import { ReplayBuffer } from "@khui/realtime-gateway/internal/rooms/replay-buffer";
import { RoomFeed } from "@khui/realtime-gateway/internal/rooms/room-feed";
import { Sequencer } from "@khui/realtime-gateway/internal/rooms/sequencer";
import { test } from "tap";
import { simulate } from "../src/simulate.js";
import { Reservation } from "../src/takeover.js";

/** As many as the suite plays. */
const schedules = 600;

const faults: Readonly<Record<string, () => () => void>> = {
  "a sequencer that does not see gaps": () =>
    override(
      Sequencer.prototype,
      "ingest",
      (ingest) =>
        function (this: Sequencer, entry) {
          if (this.position !== undefined && entry.seq > this.position) this.position = entry.seq - 1;
          ingest.call(this, entry);
        },
    ),
  "a sequencer that does not read what it is behind": () => override(Sequencer.prototype, "noteHead", () => () => {}),
  "a replay buffer that is not sent": () => override(ReplayBuffer.prototype, "since", () => () => []),
  "a replay buffer without its newest item": () =>
    override(
      ReplayBuffer.prototype,
      "since",
      (since) =>
        function (this: ReplayBuffer<unknown>, offset) {
          return since.call(this, offset).slice(0, -1);
        },
    ),
  "a feed that keeps those who have left": () =>
    override(
      RoomFeed.prototype,
      "unsubscribe",
      (unsubscribe) =>
        function (this: RoomFeed, client) {
          if (client.closed) unsubscribe.call(this, client);
        },
    ),
  "a feed that is never closed": () =>
    override(
      RoomFeed.prototype,
      "lease",
      (lease) =>
        function (this: RoomFeed) {
          return { ...lease.call(this), release: () => {} };
        },
    ),
  "a session handed over with positions that are one too low": () => changePositions((seq) => seq - 1),
  "a session handed over with positions that are one too high": () => changePositions((seq) => seq + 1),
  "a client whose requests overtake each other": () =>
    override(RequestQueue.prototype, "enqueue", () => (_, run) => void run()),
};

/** Of the rooms that a gateway gives along with a session. */
function changePositions(change: (seq: number) => number): () => void {
  return override(
    Reservation.prototype,
    "handOver",
    (handOver) =>
      function (this: Reservation) {
        const answer = handOver.call(this);
        const state = answer.taken?.state as { rooms: { seq: number }[] } | undefined;
        for (const room of state?.rooms ?? []) room.seq = change(room.seq);
        return answer;
      },
  );
}

/** Replaces a method; the function returned puts it back. */
function override<Type extends object, Name extends keyof Type>(
  prototype: Type,
  name: Name,
  change: (method: Type[Name]) => Type[Name],
): () => void {
  const before = prototype[name];
  prototype[name] = change(before);
  return () => {
    prototype[name] = before;
  };
}

for (const [name, inject] of Object.entries(faults)) {
  test(`it finds ${name}`, async (t) => {
    const restore = inject();
    t.teardown(restore);
    const { broken, schedules: needed } = await simulate({ first: 1, schedules, maxBroken: 1 });
    t.equal(broken.length, 1);
    t.comment(`after ${needed} schedules: ${broken[0]?.issues[0]}`);
  });
}
