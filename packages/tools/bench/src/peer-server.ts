// The peer of the live benches: socket.io with its Redis adapter, set up as its documentation does.
import { createServer } from "node:http";
import { messageEvent } from "@khui/test-kit/live-message";
import { createAdapter } from "@socket.io/redis-adapter";
import { createVerifier } from "fast-jwt";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const { PORT, HOST, REDIS_URL, JWT_SECRET } = process.env;
if (REDIS_URL === undefined) throw new Error("REDIS_URL is missing");
const publisher = new Redis(REDIS_URL);
const server = createServer((_request, response) => response.end("ready"));
const io = new Server(server, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  adapter: createAdapter(publisher, publisher.duplicate()),
});
if (JWT_SECRET !== undefined) {
  const verify = createVerifier({ key: JWT_SECRET });
  io.use((socket, next) => {
    try {
      verify(String(socket.handshake.auth.token));
      next();
    } catch {
      next(new Error("unauthorized"));
    }
  });
}
io.on("connection", (socket) => {
  socket.on("join", async (room: string, done: () => void) => {
    await socket.join(room);
    done();
  });
  socket.on("emit", (room: string, body: object) => io.to(room).emit(messageEvent, body));
});
server.listen(Number(PORT), HOST);
// A clean exit, so that a profile is written.
process.once("SIGTERM", () => process.exit());
