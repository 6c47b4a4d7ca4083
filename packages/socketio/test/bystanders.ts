// A room of well-behaved clients, one a transport, who must notice nothing of what others do.

import { connect, next, openRaw, type Rig, type Socket, start, type Test, until } from "@khui/test-kit/socketio/rig";
import { type EngineOptions, encodeEvent } from "../src/index.js";

export interface Room extends Rig {
  /** All sockets, the bystanders' and the others', in the order in which they came. */
  readonly members: ReadonlySet<Socket>;
  /** Says the next number to every socket. */
  say(filler?: string): void;
  /** Says one more, and resolves when each bystander has heard every number once and in order. Throws when one has not. */
  unnoticed(): Promise<void>;
  /** Resolves when nothing is left but the bystanders: no other session, handshake, link or byte. */
  alone(): Promise<void>;
}

/** An engine whose host says numbers to all, and answers acknowledgements. */
export async function startRoom(t: Test, options: EngineOptions = {}): Promise<Room> {
  const members = new Set<Socket>();
  const rig = await start(t, options, (socket) => {
    members.add(socket);
    socket.onClose(() => members.delete(socket));
    socket.onEvent((_event, args, ack) => ack?.(...args));
  });
  const { url, engine } = rig;
  let said = 0;
  let losses = 0;
  const heard: number[][] = [[], [], []];
  for (const [at, transport] of ["polling", "websocket"].entries()) {
    const client = connect(t, url, { transports: [transport] });
    await next(client, "connect");
    client.on("n", ([n]) => heard[at]?.push(n));
    client.on("disconnect", () => (losses += 1));
  }
  const plain = await openRaw(t, `${url}/ws`);
  plain.socket.on("message", (data) => heard[2]?.push(JSON.parse(String(data)).data[0]));
  const say = (filler = "") => {
    said += 1;
    const frame = encodeEvent("n", JSON.stringify([said, filler]));
    for (const socket of members) socket.send(frame);
  };
  return {
    ...rig,
    members,
    say,
    async unnoticed() {
      say();
      await until("every bystander's last number", () => heard.every((numbers) => numbers.length >= said));
      const expected = JSON.stringify(Array.from({ length: said }, (_, n) => n + 1));
      for (const numbers of heard) if (JSON.stringify(numbers) !== expected) throw new Error(`heard ${numbers}`);
      if (losses > 0 || plain.closed !== undefined) throw new Error("a bystander lost its connection");
      if (rig.errors.length > 0) throw rig.errors[0];
    },
    async alone() {
      const here = JSON.stringify({
        sessions: 2,
        handshaking: 0,
        sockets: { polling: 1, websocket: 1, plain: 1 },
        bufferedBytes: 0,
      });
      await until("the engine as it was", () => {
        const { sessions, handshaking, sockets, bufferedBytes } = engine.stats();
        return JSON.stringify({ sessions, handshaking, sockets, bufferedBytes }) === here;
      });
    },
  };
}
