// Delivers changes of rooms to messages-api, in order, and retries what could not be delivered.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import { startPeriodic } from "@khui/service/process";
import pLimit from "p-limit";
import type { Logger } from "pino";
import {
  changesPage,
  confirmChanges,
  countBacklog,
  type OutboxRow,
  pendingChanges,
  pendingRooms,
  roomsPage,
} from "./store/outbox.js";
import { isAhead, projectRoom } from "./store/projection.js";

export interface Outbox {
  /** Delivers all pending changes of a room; resolves when they are in the log. Throws service_unavailable: the sweep retries. */
  deliver(roomId: string): Promise<void>;
  /** Pending changes as of the last sweep, counted up to a thousand, and the age of the oldest now. */
  backlog(): { changes: number; oldestSeconds: number };
  close(): Promise<void>;
}

export interface OutboxTimes {
  /** How often abandoned changes are looked for. */
  readonly sweepMs: number;
  /** A change this old is abandoned: its request has failed, and left it to the sweep. */
  readonly abandonedMs: number;
}

const defaultTimes: OutboxTimes = { sweepMs: 2_000, abandonedMs: 5_000 };
/** Rooms that the sweep delivers at a time: a locked room delays no more than its share. */
const sweepConcurrency = 4;

/** Any replica may deliver any room: messages-api applies each change once. */
export function createOutbox(db: Db, bus: Bus, log: Pick<Logger, "warn">, times: OutboxTimes = defaultTimes): Outbox {
  /** Delivers changes. Resolves with the last one that messages-api has, if that does not fit them; undefined when all is well. */
  async function deliverChanges(roomId: string, rows: readonly OutboxRow[]): Promise<number | undefined> {
    for (const { change_no: changeNo, change } of rows) {
      const { applied } = await call(bus, messagesRpc.applyRoomChange, { roomId, changeNo, change });
      if (applied < changeNo || (applied > changeNo && (await isAhead(db, roomId, applied)))) return applied;
      await confirmChanges(db, roomId, changeNo);
    }
    return undefined;
  }

  /**
   * Delivers what is pending now: what is written meanwhile waits for the next run, or this one might never end in a busy room.
   * Changes are missing when one of the two databases was restored from a backup: then the room is projected anew.
   */
  async function deliverPending(roomId: string): Promise<void> {
    let isProjected = false;
    for (let more = true; more; ) {
      const rows = await pendingChanges(db, roomId);
      const applied = await deliverChanges(roomId, rows);
      more = applied !== undefined || rows.length === changesPage;
      if (applied === undefined) continue;
      if (isProjected) throw new ChatError("service_unavailable", { retryAfter: 1 });
      log.warn({ roomId, applied, pending: rows[0]?.change_no }, "changes of a room are missing: it is projected anew");
      await projectRoom(db, roomId, applied);
      isProjected = true;
    }
  }

  /** Deliveries in flight, and the next one for requests that came meanwhile: the current one may have read before their change. */
  const inFlight = new Map<string, { readonly current: Promise<void>; next?: Promise<void> }>();

  function start(roomId: string): Promise<void> {
    const current = deliverPending(roomId).finally(() => {
      if (inFlight.get(roomId)?.current === current) inFlight.delete(roomId);
    });
    inFlight.set(roomId, { current });
    return current;
  }

  /** One at a time a room, however many requests: each would deliver what all of them have written. */
  function deliver(roomId: string): Promise<void> {
    const delivery = inFlight.get(roomId);
    if (!delivery) return start(roomId);
    const follow = () => start(roomId);
    delivery.next ??= delivery.current.then(follow, follow);
    return delivery.next;
  }

  let lastBacklog = { changes: 0, oldestAt: 0 };
  const limitSweep = pLimit(sweepConcurrency);

  async function readBacklog(): Promise<void> {
    const { changes, oldestSeconds } = await countBacklog(db);
    lastBacklog = { changes, oldestAt: performance.now() - oldestSeconds * 1000 };
  }

  /** The room after which the sweep continues. It restarts from the beginning at the end, so that failing rooms delay no others. */
  let position = "";

  /** Delivers the abandoned ones of the next rooms. Resolves with the failures, and whether all failed. */
  async function sweepPage(signal: AbortSignal): Promise<{ failures: unknown[]; allFailed: boolean }> {
    const rooms = await pendingRooms(db, position, times.abandonedMs);
    position = rooms.length < roomsPage ? "" : (rooms.at(-1)?.roomId ?? "");
    const abandoned = rooms.flatMap(({ roomId, abandoned }) => (abandoned ? [roomId] : []));
    const outcomes = await Promise.allSettled(
      abandoned.map((roomId) => limitSweep(async () => (signal.aborted ? undefined : deliver(roomId)))),
    );
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    return { failures, allFailed: failures.length > 0 && failures.length === abandoned.length };
  }

  async function sweep(signal: AbortSignal): Promise<void> {
    await readBacklog();
    const failures: unknown[] = [];
    for (let more = true; more && !signal.aborted; ) {
      const page = await sweepPage(signal);
      failures.push(...page.failures);
      // When all fail, messages-api is down: the next sweep tries again.
      more = position !== "" && !page.allFailed;
    }
    if (failures.length > 0)
      log.warn({ err: failures[0], rooms: failures.length }, "changes of rooms wait in the outbox");
    if (lastBacklog.changes > 0) await readBacklog();
  }

  const sweeping = startPeriodic(sweep, {
    intervalMs: times.sweepMs,
    onError: (error) => log.warn({ err: error }, "the outbox could not be read"),
  });
  return {
    deliver,
    backlog: () => ({
      changes: lastBacklog.changes,
      oldestSeconds: lastBacklog.changes === 0 ? 0 : (performance.now() - lastBacklog.oldestAt) / 1000,
    }),
    close: sweeping.stop,
  };
}
