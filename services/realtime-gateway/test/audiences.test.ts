// Many users' audiences are one question, and each user gets their own, also where not all fit in one answer.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import { test } from "tap";
import { createAudiences } from "../src/presence/audiences.js";

const roomOf = (userId: string) => userId.repeat(24);

test("users who are asked for in one turn share a question", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const asked: string[][] = [];
  serveRpc(bus, messagesRpc.audiences, async ({ userIds }) => {
    asked.push(userIds);
    const fitting = userIds.slice(0, 2);
    return { roomIds: fitting.map(roomOf), lists: fitting.map((_, n) => [n]) };
  });
  const audiences = createAudiences(bus, 5_000);
  const people = ["a", "b", "c", "d", "e"];
  t.same(
    await Promise.all(people.map((userId) => audiences.of(userId))),
    people.map((userId) => [roomOf(userId)]),
  );
  t.same(asked, [people, ["c", "d", "e"], ["e"]]);
});

test("all of a question fail together", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const audiences = createAudiences(bus, 5_000);
  const outcomes = await Promise.allSettled(["a", "b"].map((userId) => audiences.of(userId)));
  t.same(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
});
