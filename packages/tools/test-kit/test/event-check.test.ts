// Events that are not as contracts say are found.
import { EventEmitter } from "node:events";
import type { Socket } from "socket.io-client";
import { test } from "tap";
import { recordingClient } from "../src/client.js";
import { eventViolation } from "../src/event-check.js";

test("an event is held to its schema", (t) => {
  t.equal(eventViolation("user_online", [{ userId: "a", status: "online" }]), undefined);
  t.match(
    eventViolation("user_online", [{ userId: "a", status: "asleep" }]),
    /user_online breaks its schema: \/status .*asleep/,
  );
  t.match(eventViolation("user_online", [{ status: "online" }]), /userId/);
  t.equal(eventViolation("user_online", []), "user_online has 0 arguments");
  t.equal(eventViolation("constructor", [{}]), "there is no event constructor");
  t.end();
});

test("a client reports each such event, and keeps none that contracts do not know", (t) => {
  const source = new EventEmitter();
  const onAny = (listener: (event: string, ...args: unknown[]) => void) => source.on("any", listener);
  const violations: string[] = [];
  const client = recordingClient({ onAny } as unknown as Socket, (violation) => violations.push(violation));
  source.emit("any", "left_chat", { chatRoomId: "0123456789abcdef01234567" });
  source.emit("any", "left_chat", { chatRoomId: "nowhere" });
  source.emit("any", "rumour", {});
  t.equal(violations.length, 2);
  t.equal(client.count("left_chat"), 2);
  t.equal(client.events.length, 2);
  t.end();
});
