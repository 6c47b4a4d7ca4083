// Hands changes over to messages-api, in order, and remembers what could not be.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import pLimit from "p-limit";
import type { Logger } from "pino";
import {
  backlog,
  changesPage,
  confirmChanges,
  type OutboxRow,
  pendingChanges,
  pendingRooms,
  roomsPage,
} from "./store/outbox.js";
import type { Db } from "./store/tables.js";

export interface Outbox {
  /** Hands over all that a room has; resolves when it is in the log. Throws service_unavailable: then the sweep finishes it. */
  handOver(roomId: string): Promise<void>;
  /** What waited when the sweep last looked, a thousand at most; `oldestSeconds` has gone on since. */
  waiting(): { changes: number; oldestSeconds: number };
  close(): Promise<void>;
}

export interface OutboxTimes {
  /** How often what was left behind is looked for. */
  readonly sweepMs: number;
  /** A request that has taken this long has left its change to the sweep. */
  readonly abandonedMs: number;
}

const defaultTimes: OutboxTimes = { sweepMs: 2_000, abandonedMs: 5_000 };
/** Rooms that the sweep hands over at once: one whose log is held by another holds up as few as that. */
const sweptAtOnce = 4;

/** Any replica may hand over any room: messages-api takes each change once. */
export function createOutbox(db: Db, bus: Bus, log: Pick<Logger, "warn">, times: OutboxTimes = defaultTimes): Outbox {
  let stopped = false;
  let sweeping: Promise<void> | undefined;

  /** Hands over what a room has now: what is written meanwhile waits for the next, or it would never end in a busy room. */
  async function takeAll(roomId: string): Promise<void> {
    let rows: OutboxRow[];
    do {
      rows = await pendingChanges(db, roomId);
      for (const { change_no: changeNo, change } of rows) {
        const { applied } = await call(bus, messagesRpc.applyRoomChange, { roomId, changeNo, change });
        if (applied < changeNo) throw new ChatError("service_unavailable", { retryAfter: 1 });
        await confirmChanges(db, roomId, changeNo);
      }
    } while (rows.length === changesPage);
  }

  /** Rooms being handed over, and what is next for those who came meanwhile: it may have looked before their change was there. */
  const inFlight = new Map<string, { readonly current: Promise<void>; next?: Promise<void> }>();

  function start(roomId: string): Promise<void> {
    const current = takeAll(roomId).finally(() => {
      if (inFlight.get(roomId)?.current === current) inFlight.delete(roomId);
    });
    inFlight.set(roomId, { current });
    return current;
  }

  /** One at a time a room, however many ask: each would hand over what all of them have written. */
  function handOver(roomId: string): Promise<void> {
    const flight = inFlight.get(roomId);
    if (!flight) return start(roomId);
    const follow = () => start(roomId);
    flight.next ??= flight.current.then(follow, follow);
    return flight.next;
  }

  let seen = { changes: 0, oldestAt: 0 };
  const limitSweep = pLimit(sweptAtOnce);

  async function look(): Promise<void> {
    const { changes, oldestSeconds } = await backlog(db);
    seen = { changes, oldestAt: performance.now() - oldestSeconds * 1000 };
  }

  /** The room after which the sweep goes on. It begins anew at the end, so that rooms that fail hold up no others. */
  let position = "";

  /** Hands over those of the next rooms that were left behind. Resolves with what went wrong, and whether all did. */
  async function sweepPage(): Promise<{ failures: unknown[]; allFailed: boolean }> {
    const rooms = await pendingRooms(db, position, times.abandonedMs);
    position = rooms.length < roomsPage ? "" : (rooms.at(-1)?.roomId ?? "");
    const abandoned = rooms.flatMap(({ roomId, abandoned }) => (abandoned ? [roomId] : []));
    const outcomes = await Promise.allSettled(
      abandoned.map((roomId) => limitSweep(async () => (stopped ? undefined : handOver(roomId)))),
    );
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    return { failures, allFailed: failures.length > 0 && failures.length === abandoned.length };
  }

  async function sweep(): Promise<void> {
    try {
      await look();
      const failures: unknown[] = [];
      for (let goOn = true; goOn && !stopped; ) {
        const page = await sweepPage();
        failures.push(...page.failures);
        // Where all fail, messages-api is away: the next sweep may find it back.
        goOn = position !== "" && !page.allFailed;
      }
      if (failures.length > 0)
        log.warn({ err: failures[0], rooms: failures.length }, "changes of rooms wait in the outbox");
      if (seen.changes > 0) await look();
    } catch (error) {
      log.warn({ err: error }, "the outbox could not be read");
    }
  }

  const timer = setInterval(() => {
    sweeping ??= sweep().finally(() => {
      sweeping = undefined;
    });
  }, times.sweepMs);
  timer.unref();
  return {
    handOver,
    waiting: () => ({
      changes: seen.changes,
      oldestSeconds: seen.changes === 0 ? 0 : (performance.now() - seen.oldestAt) / 1000,
    }),
    async close() {
      stopped = true;
      clearInterval(timer);
      await sweeping;
    },
  };
}
