// A user's clients at one gateway: as many as they may have, the newest of them.
import { createLocalBus } from "@khui/bus/local";
import { closeCodes } from "@khui/contracts";
import type { Socket } from "@khui/socketio";
import { test } from "tap";
import { Client } from "../src/connections/client.js";
import { createUsers } from "../src/connections/users.js";

test("one client more than a user may have closes the oldest, and no other user's", async (t) => {
  const bus = createLocalBus().connect();
  const users = createUsers(bus, () => {}, 3);
  t.teardown(async () => {
    users.close();
    await bus.close();
  });
  const closed: string[] = [];
  const enter = (userId: string, name: string) => {
    const socket = {
      close(code: number) {
        closed.push(`${name} ${code}`);
        users.remove(client, userId);
      },
    } as unknown as Socket;
    const client = new Client(socket, { language: "th", address: "127.0.0.1" }, 0, 1);
    return users.add(client, userId);
  };
  t.strictSame(
    ["a1", "a2", "a3", "b1", "a4", "a5"].map((name) => enter(name[0]!, name)),
    [true, false, false, true, false, false],
  );
  const { code } = closeCodes.too_many_sockets;
  t.strictSame(closed, [`a1 ${code}`, `a2 ${code}`]);
  t.equal(users.clientsOf("a").length, 3);
});
