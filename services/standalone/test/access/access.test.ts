// Who may do what is in docs/access.md: every action has a row, and answers each person in each kind of room what its row says.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { clientEvents, routes } from "@khui/contracts";
import { connectClient } from "@khui/test-kit/client";
import { until } from "@khui/test-kit/until";
import { createUser, type Reply, type User } from "@khui/test-kit/user";
import t from "tap";
import { startEmbedded } from "../model/embedded-system.js";
import { askFor, createAsks, nothing, type Person, sendFile, type Target } from "./asking.js";
import {
  type Asker,
  actionOf,
  answerIn,
  askers,
  type Case,
  cellOf,
  elsewhere,
  type RoomKind,
  renderElsewhere,
  renderTable,
  roomKinds,
  rows,
  variants,
} from "./table.js";

t.test("every event and route has a row or is elsewhere, and every case is in one row", (t) => {
  const cases = rows.flatMap(({ cases }) => cases);
  const actions = [...new Set([...cases.map(actionOf), ...elsewhere])];
  t.same(actions.sort(), [...Object.keys(clientEvents), ...Object.keys(routes)].sort());
  t.equal(new Set(cases).size, cases.length);
  t.same(cases.filter((name) => name.includes(":")).sort(), [...variants].sort());
  t.end();
});

t.test("docs/access.md has the table", (t) => {
  const page = readFileSync(new URL("../../../../docs/access.md", import.meta.url), "utf8");
  t.ok(page.includes(renderTable()), `it must contain:\n${renderTable()}`);
  t.ok(page.includes(renderElsewhere()), `it must contain: ${renderElsewhere()}`);
  t.end();
});

const system = await startEmbedded();
t.teardown(() => system.close());

function newUser(scope?: string): User {
  const id = `u${randomBytes(8).toString("hex")}`;
  const token = system.tokens.sign({ sub: id, name: id, ...(scope ? { scope } : {}) }, 3_600);
  return createUser(system.url, { id, name: id, token }, async () => {
    const onViolation = (violation: string) => t.fail(violation);
    const client = await connectClient({ url: system.url, userId: id, token, connect: {}, onViolation });
    t.teardown(client.close);
    return client;
  });
}

async function done(reply: Promise<Reply>): Promise<Reply["body"]> {
  const { status, body } = await reply;
  if (status >= 300) throw new Error(`refused: ${JSON.stringify(body)}`);
  return body;
}

const say = async (user: User, roomId: string) =>
  (await done(user.post(`/rooms/${roomId}/messages`, { content: "a text" }))).data._id;

async function newPerson(scope?: string): Promise<Person> {
  const user = newUser(scope);
  const group = { type: "group", name: "home", activityId: "a", settings: { joinPolicy: "closed" } };
  const { chatRoom } = await done(user.post("/rooms", group));
  return {
    user,
    client: await user.connect(),
    home: { roomId: chatRoom._id, messageId: await say(user, chatRoom._id) },
  };
}

const people = {} as Record<Asker, Person>;
for (const asker of askers) people[asker] = await newPerson(asker === "app" ? "chat:admin" : undefined);
const { admin, member, left, removed } = people;
const bystander = newUser();

/** A private room has these two only; there the other person is who says things. */
async function privateTarget(): Promise<Target> {
  const { chatRoom } = await done(member.user.post("/rooms", { type: "private", participants: [bystander.id] }));
  const roomId = chatRoom._id;
  await member.client.join(roomId);
  const [own, theirs] = [await say(member.user, roomId), await say(bystander, roomId)];
  const none = { code: nothing.code, outside: newUser().id, newcomer: newUser().id };
  return { ...none, roomId, own, theirs, inside: bystander.id, prepare: () => say(bystander, roomId) };
}

/** A group with an invitation, which everybody but the stranger and chat:admin was in with their sockets. */
async function groupTarget(joinPolicy: RoomKind): Promise<Target> {
  const all = [member, left, removed];
  const participants = [...all.map(({ user }) => user.id), bystander.id];
  const group = { type: "group", name: "a group", activityId: "a", participants, settings: { joinPolicy: "invite" } };
  const { chatRoom } = await done(admin.user.post("/rooms", group));
  const roomId = chatRoom._id;
  await Promise.all([admin, ...all].map(({ client }) => client.join(roomId)));
  const invitation = (await done(admin.user.post(`/rooms/${roomId}/invitations`, {}))).invitation as { code: string };
  const theirs = await say(bystander, roomId);
  const own = await say(removed.user, roomId);
  await done(left.user.post(`/rooms/${roomId}/leave`));
  await done(admin.user.delete(`/rooms/${roomId}/participants/${removed.user.id}`));
  await Promise.all(
    [left, removed].map(({ user, client }) =>
      client.next("user_left_chat", (gone) => gone.chatRoomId === roomId && gone.userId === user.id),
    ),
  );
  const set = (settings: object) => done(admin.user.put(`/rooms/${roomId}/settings`, { settings }));
  await set({ joinPolicy });
  return {
    roomId,
    own,
    theirs,
    code: invitation.code,
    inside: bystander.id,
    outside: newUser().id,
    newcomer: newUser().id,
    async prepare(change) {
      if (change === "members may add") await set({ membersCanAdd: true });
      if (change === "members may not add") await set({ membersCanAdd: false });
      if (change === "add inside")
        await done(admin.user.post(`/rooms/${roomId}/participants`, { userIds: [bystander.id] }));
      return change === "say" ? say(bystander, roomId) : theirs;
    },
  };
}

const targetOf = (kind: RoomKind) => (kind === "private" ? privateTarget() : groupTarget(kind));
/** The stickers of the starter sets are everybody's. */
const asksOf = async () => {
  const set = (await done(admin.user.get("/stickers/sets?limit=1"))).stickerSets as { _id: string }[];
  const listed = await done(admin.user.get(`/stickers/sets/${set[0]?._id}/stickers`));
  const [{ stickerId, type }] = listed.stickers as [{ stickerId: string; type: string }];
  return createAsks(system.url, { setId: set[0]?._id, stickerId, stickerType: type });
};
const asks = await asksOf();

/** Nobody leaves a private room, and it has no admin. */
const askersOfPrivate: readonly Asker[] = ["stranger", "app", "member"];
/** What changes who is in the room, or an invitation that others ask about: where it succeeds, it has a room of its own. */
const spentOutside = new Set<Case>(["joinRoom", "joinByInvitation", "revokeInvitation", "addParticipants: oneself"]);
const spentInside = new Set<Case>(["leaveRoom", "revokeInvitation"]);
/** What is not there for somebody is answered as what is not there at all. */
const hiding = /^(room|message|invitation)_not_found$|^not_joined$/;

t.test("each person is answered what the table says, in each kind of room", async (t) => {
  const targets = {} as Record<RoomKind, Target>;
  for (const kind of roomKinds) targets[kind] = await targetOf(kind);
  for (const row of rows) {
    for (const name of row.cases) {
      const ask = askFor(asks, name);
      const ofNothing = await ask(people.stranger, nothing);
      const [expected, answers]: Record<string, string>[] = [{}, {}];
      for (const kind of roomKinds) {
        for (const asker of kind === "private" ? askersOfPrivate : askers) {
          const answer = answerIn(cellOf(row, asker), kind);
          const isIn = asker === "member" || asker === "admin";
          const isSpent = answer === "ok" && kind !== "private" && (isIn ? spentInside : spentOutside).has(name);
          const { code, body } = await ask(people[asker], isSpent ? await targetOf(kind) : targets[kind]);
          expected![`${kind}: ${asker}`] = answer;
          answers![`${kind}: ${asker}`] = !isIn && hiding.test(code) && body !== ofNothing.body ? body : code;
        }
      }
      t.strictSame(answers, expected, name);
    }
  }
});

t.test("nobody who is not in a room finds it in their list", async (t) => {
  const { roomId } = await targetOf("open");
  for (const asker of askers) {
    const { chatRooms } = await done(people[asker].user.get("/rooms?limit=100"));
    t.equal(
      chatRooms.some(({ _id }) => _id === roomId),
      asker === "member" || asker === "admin",
      asker,
    );
  }
});

t.test("without a valid signature nobody can tell whether there is a file", async (t) => {
  const { home, user } = people.admin;
  const upload = await sendFile(system.url)(people.admin, { ...nothing, roomId: home.roomId });
  const url = new URL(upload.body.data.mediaInfo?.url ?? "", system.url);
  t.equal((await fetch(url)).status, 200);
  const unsigned = `${system.url}${url.pathname}`;
  const answers = await Promise.all(
    [unsigned, unsigned.replace(/[0-9a-f]{24}/, nothing.roomId)].map(async (address) => {
      const answer = await fetch(address, { headers: { authorization: `Bearer ${user.token}` } });
      return [answer.status, await answer.json()];
    }),
  );
  t.match(answers[0], [403, { code: "invalid_signature" }]);
  t.strictSame(answers[0], answers[1]);
});

t.test(
  "who was removed is told nothing more, neither where they had joined nor where they follow their list",
  async (t) => {
    const { roomId, theirs } = await targetOf("closed");
    const [gone, friend] = [newUser(), newUser()];
    await done(admin.user.post(`/rooms/${roomId}/participants`, { userIds: [gone.id] }));
    const elsewhere = { type: "private", participants: [friend.id] };
    const { chatRoom: other } = await done(gone.post("/rooms", elsewhere));
    const [joined, following] = [await gone.connect(), await gone.connect()];
    for (const id of [roomId, other._id]) await joined.join(id);
    const follows = (id: string) => following.count("chat_updated", ({ chatRoomId }) => chatRoomId === id) > 0;
    await until("the other follows both rooms", async () => {
      for (const [user, id] of [
        [bystander, roomId],
        [friend, other._id],
      ] as const)
        if (!follows(id)) await say(user, id);
      return follows(roomId) && follows(other._id);
    });
    await done(admin.user.delete(`/rooms/${roomId}/participants/${gone.id}`));
    await joined.next("user_left_chat", ({ userId }) => userId === gone.id);
    const [first, second] = [joined.events.length, following.events.length];
    await say(bystander, roomId);
    await done(member.user.post(`/messages/${theirs}/reactions`, { emoji: "👍" }));
    await done(member.user.post(`/rooms/${roomId}/read`));
    await done(admin.user.put(`/rooms/${roomId}/settings`, { name: "another name" }));
    for (const event of ["typing_start", "typing_stop"]) await member.client.ask(event, { chatRoomId: roomId });
    await member.client.ask("update_status", { status: "busy" });
    const fence = await say(friend, other._id);
    await joined.next("new_message", ({ message }) => message._id === fence);
    await following.next("chat_updated", ({ message }) => message._id === fence);
    const told = [...joined.events.slice(first), ...following.events.slice(second)];
    const about = told.filter(({ payload }) =>
      [roomId, member.user.id].some((id) => JSON.stringify(payload).includes(id)),
    );
    t.strictSame(
      about.map(({ event }) => event),
      [],
    );
  },
);
