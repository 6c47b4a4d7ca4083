// The floor of the live benches: the minimum cost of a fan-out, one `write` of prepared bytes to each raw socket.
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { messageEvent } from "@khui/test-kit/live-message";
import { WebSocketServer } from "ws";

interface Room {
  readonly sockets: Set<Duplex>;
  /** Frames of this turn of the event loop: they are sent in one write. */
  due: Buffer[];
}

const { PORT, HOST } = process.env;
const rooms = new Map<string, Room>();
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
const server = createServer((_request, response) => response.end("ready"));
server.on("upgrade", (request, raw, head) => {
  webSockets.handleUpgrade(request, raw, head, (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data) => take(raw, String(data)));
    raw.on("close", () => {
      for (const { sockets } of rooms.values()) sockets.delete(raw);
    });
    raw.write(textFrame('0{"sid":"floor"}'));
  });
});
server.listen(Number(PORT), HOST);
process.once("SIGTERM", () => process.exit());

/** Just enough of Socket.IO for the benches' own clients: CONNECT, `join` with an acknowledgement, `emit`. */
function take(raw: Duplex, packet: string): void {
  if (packet === "40") raw.write(textFrame('40{"sid":"floor"}'));
  if (!packet.startsWith("42")) return;
  const [event, name, body] = JSON.parse(packet.slice(packet.indexOf("["))) as [string, string, unknown];
  const room = roomOf(name);
  if (event === "join") {
    room.sockets.add(raw);
    raw.write(textFrame("430[]"));
  } else if (event === "emit") {
    if (room.due.length === 0) setImmediate(() => flush(room));
    room.due.push(textFrame(`42${JSON.stringify([messageEvent, body])}`));
  }
}

function flush(room: Room): void {
  const chunk = Buffer.concat(room.due);
  room.due = [];
  for (const socket of room.sockets) socket.write(chunk);
}

function roomOf(name: string): Room {
  const room = rooms.get(name) ?? { sockets: new Set(), due: [] };
  rooms.set(name, room);
  return room;
}

/** Of less than 64 KiB. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), payload]);
}
