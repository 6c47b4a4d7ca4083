// The first usage example of the API's description, statement by statement, with socket.io-client.
import { privateRoom, useSystem } from "@khui/test-kit/system";
import { io } from "socket.io-client";
import t from "tap";
import { inRooms } from "./socket-scene.js";

const system = await useSystem(t);

t.test("the example of creating a room and sending a message works as in the API's description", async (t) => {
  const { url } = system;
  const current = system.newUser("Alice");
  const john = system.newUser("John");
  const { token, id: currentUserId } = current;
  const johnUserId = john.id;
  const shown: Array<{ _id: string; content: string }> = [];
  const displayMessage = (message: { _id: string; content: string }) => shown.push(message);

  const createRoom = async () => {
    const response = await fetch(`${url}/api/v1/chat/rooms`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({
        name: "Chat with John",
        type: "private",
        participants: [currentUserId, johnUserId],
      }),
    });

    const data = (await response.json()) as { chatRoom: { _id: string } };
    return data.chatRoom._id;
  };

  const roomId = await createRoom();
  const johns = await inRooms(john, roomId);

  const socket = io(url);
  t.teardown(() => socket.close());
  const joined = new Promise((resolve) => socket.on("joined_chat", resolve));

  socket.emit("authenticate", {
    token: token,
    userId: currentUserId,
  });

  socket.on("authenticated", () => {
    socket.emit("join_chat", { chatRoomId: roomId });
  });

  const sendMessage = async (message: string) => {
    const response = await fetch(`${url}/api/v1/chat/rooms/${roomId}/messages`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({
        type: "text",
        content: message,
      }),
    });

    const data = (await response.json()) as { data: { _id: string } };

    socket.emit("send_message", {
      chatRoomId: roomId,
      messageId: data.data._id,
      type: "text",
      content: message,
    });
    return data.data._id;
  };

  socket.on("new_message", (data) => {
    displayMessage(data.message);
  });

  await joined;
  const first = await sendMessage("สวัสดี John");
  const second = await sendMessage("อยู่ไหม");
  await johns.next("new_message", ({ message }) => message._id === second);
  // Its acknowledgement arrives after anything that the emits above could have caused.
  await socket.emitWithAck("send_message", { chatRoomId: roomId, messageId: second, type: "text", content: "อยู่ไหม" });
  const third = await sendMessage("จบ");
  await johns.next("new_message", ({ message }) => message._id === third);
  await new Promise<void>((resolve) => {
    const seen = () => shown.some(({ _id }) => _id === third) && resolve();
    socket.on("new_message", seen);
    seen();
  });

  const heard = johns.events.flatMap(({ event, payload }) => (event === "new_message" ? [payload.message._id] : []));
  t.strictSame(heard, [first, second, third], "the other hears each message once");
  t.strictSame(
    shown.map(({ _id }) => _id),
    [first, second, third],
    "and so does the one who sent them",
  );
  t.equal(shown[0]?.content, "สวัสดี John");
});

t.test("a pair gets the same room, whichever of the two creates it", async (t) => {
  const [alice, john] = [system.newUser("Alice"), system.newUser("John")];
  t.equal(await privateRoom(alice, john), await privateRoom(john, alice));
});
