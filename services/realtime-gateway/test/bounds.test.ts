// What one account can make a gateway hold, added up from the constants: a twentieth of the 1 GiB that its container has.
import { test } from "tap";
import { maxBackfills } from "../src/commands/rooms.js";
import { defaultMaxClientsPerUser } from "../src/connections/users.js";
import { maxWaitingBytes } from "../src/connections/waiting.js";
import { maxBufferedBytes } from "../src/rooms/join-room.js";
import { maxReplayBytes } from "../src/rooms/replay-buffer.js";
import { maxPayload, maxUntrustedPayload, sendBudget } from "../src/service.js";

const mib = 1024 * 1024;
const container = 1024 * mib;

/** What the send budget is not compared with before the end of a turn, and the largest frame: the answer of get_online_users. */
const beyondBudget = 64 * 1024 + 400 * 1024;
/** A message that has not arrived as a whole: its bytes, and what the pieces take in which ws lets it arrive. */
const incomplete = maxPayload + 1_024 * 600;
/** The strings of a request take at most twice what is counted for it, and it has at most twice as many bytes as its frame. */
const stringFactor = 2;

test("one account with all its sockets stays within a twentieth of a gateway", async (t) => {
  const perSocket = {
    "not read by the client": sendBudget + beyondBudget,
    "not sent as a whole": incomplete,
    "in flight": stringFactor * maxUntrustedPayload,
  };
  const perAccount = {
    waiting: stringFactor * maxWaitingBytes.perUser,
    // Of all accounts together.
    closing: sendBudget + beyondBudget,
    "kept for joins": maxReplayBytes,
  };
  const sum = (parts: Record<string, number>) => Object.values(parts).reduce((total, bytes) => total + bytes, 0);
  const bytes = defaultMaxClientsPerUser * sum(perSocket) + sum(perAccount);
  t.ok(bytes <= container / 20, `${Math.round(bytes / mib)} MiB`);
});

test("a client that reads at its own pace what it missed does not exceed its send budget by it", async (t) => {
  const page = 400 * 1024;
  t.ok(maxBufferedBytes + maxBackfills * page + beyondBudget <= sendBudget);
});

test("what a client sends right behind authenticate fits before it has authenticated", async (t) => {
  const escaped = "\u0001".repeat(10_000);
  const event = ["send_message", { chatRoomId: "0123456789abcdef01234567", type: "text", content: escaped }];
  t.ok(Buffer.byteLength(`42999${JSON.stringify(event)}`) < maxUntrustedPayload);
  t.ok(16 * 1024 + 1_000 < maxUntrustedPayload, "a token");
});
