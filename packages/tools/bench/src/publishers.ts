// How messages get to the servers: as log entries on NATS, or by requests to the servers to emit them.

import { connectNats } from "@khui/bus/nats";
import { messageBody } from "@khui/test-kit/live-message";
import { type Memberships, serveRoomLogs } from "@khui/test-kit/room-logs";
import { LiveSocket } from "./live-socket.js";

/** `log`: for gateways. `emit`: each URL emits every message to its sockets, and to those of its peers if it has any. */
export type PublisherPlan =
  | { readonly kind: "log"; readonly natsUrl: string; readonly memberships: Memberships }
  | { readonly kind: "emit"; readonly urls: readonly string[] };

export interface Publisher {
  /** Publishes the room's next `count` messages, in one turn of the event loop. */
  publish(roomId: string, count: number): void;
  /** Publishes the room's next message as the one that takes this user out. */
  publishLeft(roomId: string, userId: string): void;
  close(): Promise<void>;
}

export async function openPublisher(plan: PublisherPlan): Promise<Publisher> {
  return plan.kind === "log" ? openLog(plan.natsUrl, plan.memberships) : openEmitters(plan.urls);
}

async function openLog(natsUrl: string, memberships: Memberships): Promise<Publisher> {
  const bus = await connectNats({ servers: natsUrl, name: "bench", onError: console.error });
  const logs = serveRoomLogs(bus, memberships);
  await bus.flush();
  return {
    publish(roomId, count) {
      for (let n = 0; n < count; n++) logs.append(roomId);
    },
    publishLeft: (roomId, userId) => logs.append(roomId, userId),
    close: () => bus.close(),
  };
}

async function openEmitters(urls: readonly string[]): Promise<Publisher> {
  const heads = new Map<string, number>();
  // If an emitter is lost, those who wait for its messages notice.
  const handlers = { onMessage: () => {}, onBroken: () => {} };
  const emitters = await Promise.all(urls.map((url) => LiveSocket.open(url, handlers)));
  const publish = (roomId: string, count: number): void => {
    const head = heads.get(roomId) ?? 0;
    heads.set(roomId, head + count);
    const events = Array.from({ length: count }, (_, n) => ["emit", roomId, messageBody(roomId, head + 1 + n)]);
    for (const emitter of emitters) emitter.emitAll(events);
  };
  return {
    publish,
    // The servers remove a closed socket by themselves: for the others it is a message like any other.
    publishLeft: (roomId) => publish(roomId, 1),
    async close() {
      for (const emitter of emitters) emitter.close();
    },
  };
}
