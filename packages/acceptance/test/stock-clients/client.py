# The PyPI client: follows one room over each transport, and does what messages say.
import asyncio
import json
import os

import socketio

url, token, room = (os.environ[name] for name in ("KHUI_URL", "KHUI_TOKEN", "KHUI_ROOM"))


def say(client, event, **fields):
    print(json.dumps({"client": client, "event": event, **fields}), flush=True)


async def follow(client, transports):
    sio = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5)
    last = 0

    def joined(answer):
        say(client, "joined", success=answer["success"], seq=answer.get("data", {}).get("seq"))

    async def join(_):
        await sio.emit("join_chat", {"chatRoomId": room, "lastSeq": last}, callback=joined)

    @sio.event
    async def connect():
        await sio.emit("authenticate", {"token": token}, callback=join)

    def acknowledged(answer):
        say(client, "acknowledged", success=answer["success"], code=answer.get("code"))

    async def send(content):
        await sio.emit("send_message", {"chatRoomId": room, "content": content}, callback=acknowledged)

    @sio.event
    async def new_message(data):
        nonlocal last
        last = data["seq"]
        content = data["message"]["content"]
        say(client, "message", seq=last, content=content)
        if content == "send text":
            await send("from " + client)
        if content == "send bytes":
            await send(bytes([0, 255]))
        if content == "say transport":
            say(client, "transport", name=sio.transport())
        if content == "leave":
            await sio.disconnect()

    await sio.connect(url, transports=transports, retry=True)
    await sio.wait()


async def main():
    await asyncio.gather(follow("polling", ["polling"]), follow("websocket", ["websocket"]), follow("default", None))


asyncio.run(main())
