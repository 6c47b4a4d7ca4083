// The npm client, as clients of other languages beside it: follows one room over each transport, and does what messages say.
import { io } from "socket.io-client";

const { KHUI_URL, KHUI_TOKEN, KHUI_ROOM: chatRoomId } = process.env;
const say = (client, event, fields) => console.log(JSON.stringify({ client, event, ...fields }));

for (const [client, transports] of [
  ["polling", ["polling"]],
  ["websocket", ["websocket"]],
  ["default", undefined],
]) {
  const socket = io(KHUI_URL, {
    forceNew: true,
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
    ...(transports && { transports }),
  });
  let lastSeq = 0;
  socket.on("connect", () => {
    socket.emit("authenticate", { token: KHUI_TOKEN }, () => {
      socket.emit("join_chat", { chatRoomId, lastSeq }, ({ success, data }) =>
        say(client, "joined", { success, seq: data?.seq }),
      );
    });
  });
  const send = (content) => {
    socket.emit("send_message", { chatRoomId, content }, ({ success, code }) =>
      say(client, "acknowledged", { success, code }),
    );
  };
  socket.on("new_message", ({ seq, message: { content } }) => {
    lastSeq = seq;
    say(client, "message", { seq, content });
    if (content === "send text") send(`from ${client}`);
    if (content === "send bytes") send(Buffer.from([0, 255]));
    if (content === "say transport") say(client, "transport", { name: socket.io.engine.transport.name });
    if (content === "leave") socket.disconnect();
  });
}
