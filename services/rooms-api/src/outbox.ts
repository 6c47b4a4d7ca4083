// Hands changes over to messages-api, in order, and remembers what could not be.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import type { Logger } from "pino";
import { backlog, confirmChanges, pendingChanges, pendingRooms } from "./store/outbox.js";
import type { Db } from "./store/tables.js";

export interface Outbox {
  /** Hands over all that a room has; resolves when it is in the log. Throws service_unavailable: then the sweep finishes it. */
  handOver(roomId: string): Promise<void>;
  /** What waited when the sweep last looked; `oldestSeconds` has gone on since. */
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

/** Any replica may hand over any room: messages-api takes each change once. */
export function createOutbox(db: Db, bus: Bus, log: Pick<Logger, "warn">, times: OutboxTimes = defaultTimes): Outbox {
  let stopped = false;
  let sweeping: Promise<void> | undefined;

  async function handOver(roomId: string): Promise<void> {
    for (let rows = await pendingChanges(db, roomId); rows.length > 0; rows = await pendingChanges(db, roomId)) {
      for (const { change_no: changeNo, change } of rows) {
        const { applied } = await call(bus, messagesRpc.applyRoomChange, { roomId, changeNo, change });
        if (applied < changeNo) throw new ChatError("service_unavailable", { retryAfter: 1 });
        await confirmChanges(db, roomId, changeNo);
      }
    }
  }

  let seen = { changes: 0, oldestAt: 0 };
  /** Rooms that the last sweep could not hand over: the next one comes to them last, for they may fail again. */
  let failed: string[] = [];

  async function look(): Promise<void> {
    const { changes, oldestSeconds } = await backlog(db);
    seen = { changes, oldestAt: performance.now() - oldestSeconds * 1000 };
  }

  async function sweep(): Promise<void> {
    try {
      await look();
      const roomIds = await pendingRooms(db, times.abandonedMs, failed);
      failed = [];
      let reason: unknown;
      for (const roomId of roomIds) {
        if (stopped) return;
        await handOver(roomId).catch((error: unknown) => {
          failed.push(roomId);
          reason = error;
        });
      }
      if (failed.length > 0) log.warn({ err: reason, rooms: failed.length }, "changes of rooms wait in the outbox");
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
