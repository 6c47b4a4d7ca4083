// The ledger finds everything that is lost, duplicated or wrong in a fetch, and nothing where all is as acknowledged.
import type { ChatRoom, Message } from "@khui/contracts";
import { aMessage } from "@khui/test-kit/a-message";
import type { FetchedRoom } from "@khui/test-kit/client-model";
import { test } from "tap";
import { Ledger } from "../src/ledger.js";

const roomId = "room";

function message(id: string, more: Partial<Message> = {}): Message {
  return aMessage({
    _id: id,
    chatRoom: roomId,
    sender: { _id: "ann", name: "Ann", avatar: null },
    content: "text",
    clientMessageId: `client ${id}`,
    ...more,
  });
}

function fetched(messages: Message[], userIds: string[] = []): FetchedRoom {
  const participants = userIds.map((userId) => ({ userId, role: "member" }));
  return { room: { _id: roomId, participants } as unknown as ChatRoom, messages, seq: messages.length };
}

/** A ledger with one message sent, in a room of which Ann is a member. */
function ledgerOfOne(): Ledger {
  const ledger = new Ledger();
  ledger.sent(roomId, "client a", "a");
  ledger.member(roomId, "ann", true);
  return ledger;
}

const reaction = (userId: string, emoji: string) => ({ userId, emoji, reactionType: null, createdAt: "" });

test("a fetch that matches what was acknowledged has no differences", async (t) => {
  const ledger = ledgerOfOne();
  ledger.sent("elsewhere", "client z", "z");
  ledger.sent(roomId, "client b", "b");
  ledger.sent(roomId, "client c", "c");
  ledger.edited("a", "first");
  ledger.edited("a", "second");
  ledger.reacted("a", "bob", "👍");
  ledger.reacted("a", "cid", "👍");
  ledger.reacted("a", "cid", null);
  ledger.deleted("b");
  ledger.reacted("b", "bob", "👍");
  ledger.hid("ann", "c");
  ledger.named(roomId, "New");
  ledger.member(roomId, "bob", false);
  ledger.role(roomId, "ann", "admin");
  ledger.role(roomId, "ann", "member");
  ledger.role(roomId, "bob", "admin");
  ledger.read(roomId, "ann", 5);
  ledger.read(roomId, "ann", 3);
  const settings = { action: "settings_changed" as const, userId: "ann", changes: { name: "New" } };
  const { clientMessageId: _, ...system } = message("s", { type: "system", systemInfo: settings });
  const messages = [
    message("a", { content: "second", reactions: [reaction("bob", "👍")] }),
    message("b", { isDeleted: true, content: null }),
    system,
  ];
  t.same(ledger.differences(fetched(messages, ["ann"]), "ann"), []);
  t.same(ledger.readDifferences(roomId, "ann", 5), []);
});

const cases: Record<
  string,
  { note?: (ledger: Ledger) => void; messages: Message[]; members?: string[]; expected: RegExp }
> = {
  "a lost message": { messages: [], expected: /client a was acknowledged as a and is lost/ },
  "a message under another id": {
    messages: [message("b", { clientMessageId: "client a" })],
    expected: /never acknowledged/,
  },
  "a message sent twice": {
    messages: [message("a"), message("b", { clientMessageId: "client a" })],
    expected: /client a is there 2 times/,
  },
  "a message listed twice": { messages: [message("a"), message("a")], expected: /listed twice/ },
  "a message that was never acknowledged": {
    messages: [message("a"), message("x")],
    expected: /client x of ann.*never/,
  },
  "a lost edit": {
    note: (ledger) => ledger.edited("a", "new"),
    messages: [message("a")],
    expected: /says text, not new/,
  },
  "a lost deletion": { note: (ledger) => ledger.deleted("a"), messages: [message("a")], expected: /a is not deleted/ },
  "a deletion by nobody": { messages: [message("a", { isDeleted: true })], expected: /a is deleted/ },
  "a lost hiding": {
    note: (ledger) => ledger.hid("ann", "a"),
    messages: [message("a")],
    expected: /hidden and is shown/,
  },
  "a lost reaction": {
    note: (ledger) => ledger.reacted("a", "bob", "👍"),
    messages: [message("a")],
    expected: /not 👍/,
  },
  "a reaction that was taken away": {
    note: (ledger) => ledger.reacted("a", "bob", null),
    messages: [message("a", { reactions: [reaction("bob", "👍")] })],
    expected: /has 👍 of bob, not null/,
  },
  "two reactions of one person": {
    messages: [message("a", { reactions: [reaction("bob", "👍"), reaction("bob", "🎉")] })],
    expected: /two reactions/,
  },
  "a lost name": {
    note: (ledger) => ledger.named(roomId, "New"),
    messages: [message("a")],
    expected: /name New is lost/,
  },
  "a lost joining": { messages: [message("a")], members: [], expected: /ann is not in the room/ },
  "a lost role": {
    note: (ledger) => ledger.role(roomId, "ann", "admin"),
    messages: [message("a")],
    expected: /ann is member, not admin/,
  },
  "a lost leaving": {
    note: (ledger) => ledger.member(roomId, "bob", false),
    messages: [message("a")],
    members: ["ann", "bob"],
    expected: /bob is in the room/,
  },
};

for (const [name, { note, messages, members = ["ann"], expected }] of Object.entries(cases)) {
  test(`${name} is found`, async (t) => {
    const ledger = ledgerOfOne();
    note?.(ledger);
    t.match(ledger.differences(fetched(messages, members), "ann").join("\n"), expected);
  });
}

test("a read mark that is behind is found", async (t) => {
  const ledger = new Ledger();
  ledger.read(roomId, "ann", 5);
  t.match(ledger.readDifferences(roomId, "ann", 4), [/read up to 4, acknowledged up to 5/]);
});
