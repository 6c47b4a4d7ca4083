// A room of well-behaved clients, one per transport, which must not be affected by what others do.

import { connect, next, openRaw, type Rig, type Socket, start, type Test } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { type EngineOptions, encodeEvent } from "../src/index.js";

export interface Room extends Rig {
  /** All sockets, those of bystanders and others, in the order in which they connected. */
  readonly members: ReadonlySet<Socket>;
  /** Sends the next number to every socket. */
  broadcast(filler?: string): void;
  /** Broadcasts once more; resolves when each bystander has received every number once and in order, else rejects. */
  undisturbed(): Promise<void>;
  /** Resolves when nothing is left but the bystanders: no other session, handshake, socket or buffered byte. */
  onlyBystandersLeft(): Promise<void>;
}

/** An engine whose host broadcasts numbers, and answers acknowledgements. */
export async function startRoom(t: Test, options: EngineOptions = {}): Promise<Room> {
  const members = new Set<Socket>();
  const rig = await start(t, options, (socket) => {
    members.add(socket);
    socket.onClose(() => members.delete(socket));
    socket.onEvent((_event, args, ack) => ack?.(...args));
  });
  const { url, engine } = rig;
  let sent = 0;
  let losses = 0;
  const received: number[][] = [[], [], []];
  for (const [at, transport] of ["polling", "websocket"].entries()) {
    const client = connect(t, url, { transports: [transport] });
    await next(client, "connect");
    client.on("n", ([n]) => received[at]?.push(n));
    client.on("disconnect", () => (losses += 1));
  }
  const plain = await openRaw(t, `${url}/ws`);
  plain.socket.on("message", (data) => received[2]?.push(JSON.parse(String(data)).data[0]));
  const broadcast = (filler = "") => {
    sent += 1;
    const frame = encodeEvent("n", JSON.stringify([sent, filler]));
    for (const socket of members) socket.send(frame);
  };
  return {
    ...rig,
    members,
    broadcast,
    async undisturbed() {
      broadcast();
      await until("every bystander's last number", () => received.every((numbers) => numbers.length >= sent));
      const expected = JSON.stringify(Array.from({ length: sent }, (_, n) => n + 1));
      for (const numbers of received) if (JSON.stringify(numbers) !== expected) throw new Error(`received ${numbers}`);
      if (losses > 0 || plain.closed !== undefined) throw new Error("a bystander lost its connection");
      if (rig.errors.length > 0) throw rig.errors[0];
    },
    async onlyBystandersLeft() {
      const bystandersOnly = JSON.stringify({
        sessions: 2,
        handshaking: 0,
        sockets: { polling: 1, websocket: 1, plain: 1 },
        bufferedBytes: 0,
      });
      await until("the engine's stats as before", () => {
        const { sessions, handshaking, sockets, bufferedBytes } = engine.stats();
        return JSON.stringify({ sessions, handshaking, sockets, bufferedBytes }) === bystandersOnly;
      });
    },
  };
}
