// Who gets into a room: the policies, and invitations.
import { type JoinPolicy, routes } from "@khui/contracts";
import { good, refused, roomOf, sendText } from "@khui/test-kit/rest-answers";
import { groupRoom, type User, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";

const system = await useSystem(t);
const guarded = (admin: User, joinPolicy: JoinPolicy, others: User[] = []) =>
  groupRoom(admin, others, { settings: { joinPolicy } });

async function invite(t: Test, admin: User, roomId: string, limits: object = {}) {
  return good(t, routes.createInvitation, await admin.post(`/rooms/${roomId}/invitations`, limits)).invitation;
}
const invitationsOf = async (t: Test, admin: User, roomId: string) =>
  good(t, routes.listInvitations, await admin.get(`/rooms/${roomId}/invitations`)).invitations;
const accept = (user: User, code: string) => user.post(`/invitations/${code}/join`);

t.test("to others, a room that is not open is as if it were not there", async (t) => {
  const [admin, member, stranger] = [system.newUser(), system.newUser(), system.newUser()];
  for (const policy of ["invite", "closed"] as const) {
    const roomId = await guarded(admin, policy, [member]);
    await member.post(`/rooms/${roomId}/leave`);
    for (const outsider of [stranger, member]) {
      const answers = [
        await outsider.get(`/rooms/${roomId}`),
        await outsider.get(`/rooms/${roomId}/participants`),
        await outsider.get(`/rooms/${roomId}/messages`),
        await outsider.get(`/rooms/${roomId}/stats`),
        await outsider.get(`/rooms/${roomId}/invitations`),
        await outsider.post(`/rooms/${roomId}/join`),
        await outsider.post(`/rooms/${roomId}/leave`),
        await outsider.post(`/rooms/${roomId}/read`),
        await outsider.post(`/rooms/${roomId}/messages`, { content: "x" }),
        await outsider.put(`/rooms/${roomId}/settings`, { name: "mine" }),
      ];
      for (const answer of answers) refused(t, answer, "room_not_found");
      const client = await outsider.connect();
      t.match(await client.ask("join_chat", { chatRoomId: roomId }), { code: "room_not_found" });
    }
    await sendText(t, admin, roomId, "its people notice nothing");
  }
});

t.test("the policy of a group can be changed by its admins", async (t) => {
  const [admin, stranger] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  t.equal((await roomOf(t, admin, roomId)).settings.joinPolicy, "open");
  const settle = (joinPolicy: string) => admin.put(`/rooms/${roomId}/settings`, { settings: { joinPolicy } });
  good(t, routes.updateSettings, await settle("closed"));
  refused(t, await stranger.post(`/rooms/${roomId}/join`), "room_not_found");
  good(t, routes.updateSettings, await settle("open"));
  good(t, routes.joinRoom, await stranger.post(`/rooms/${roomId}/join`));
  t.equal((await settle("anyone")).status, 400);
});

t.test("a private room admits nobody else", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const body = { type: "private", participants: [b.id] };
  refused(t, await a.post("/rooms", { ...body, settings: { joinPolicy: "open" } }), "not_a_group");
  const { _id: roomId, settings } = good(t, routes.createRoom, await a.post("/rooms", body)).chatRoom;
  t.equal(settings.joinPolicy, "closed");
  refused(t, await a.put(`/rooms/${roomId}/settings`, { settings: { joinPolicy: "invite" } }), "not_a_group");
  refused(t, await a.post(`/rooms/${roomId}/invitations`, {}), "not_a_group");
  refused(t, await a.get(`/rooms/${roomId}/invitations`), "not_a_group");
});

t.test("nobody finds a room by guessing", async (t) => {
  const [admin, stranger] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, []);
  const own = BigInt(`0x${await groupRoom(stranger, [])}`);
  const near = Array.from({ length: 64 }, (_, n) => (own + BigInt(n - 32)).toString(16).padStart(24, "0").slice(-24));
  for (const guess of near) t.not(guess, roomId);
  // The first half does not tell when a room was made.
  t.not((await groupRoom(admin, [])).slice(0, 8), (await groupRoom(admin, [])).slice(0, 8));
});

t.test("who has an invitation sees the room and joins it", async (t) => {
  const [admin, guest] = [system.newUser(), system.newUser()];
  const roomId = await guarded(admin, "invite");
  const invitation = await invite(t, admin, roomId);
  t.match(invitation, { chatRoomId: roomId, createdBy: admin.id, maxUses: null, uses: 0, code: /^[\w-]{22}$/ });
  const lifetime = Date.parse(invitation.expiresAt) - Date.parse(invitation.createdAt);
  t.equal(Math.round(lifetime / 86_400_000), 7);
  const { chatRoom } = good(t, routes.getInvitation, await guest.get(`/invitations/${invitation.code}`)).invitation;
  t.strictSame(chatRoom, { _id: roomId, name: "A group", description: null, avatar: null, participantCount: 1 });
  t.match(good(t, routes.joinByInvitation, await accept(guest, invitation.code)).chatRoom, { participantCount: 2 });
  await sendText(t, guest, roomId, "thanks");
  t.match(await invitationsOf(t, admin, roomId), [{ code: invitation.code, uses: 1 }]);
  refused(t, await guest.get(`/rooms/${roomId}/invitations`), "not_room_admin");
  refused(t, await guest.post(`/rooms/${roomId}/invitations`, {}), "not_room_admin");
  refused(t, await guest.delete(`/rooms/${roomId}/invitations/${invitation.code}`), "not_room_admin");
});

t.test("an invitation is used as often as it says, and by nobody twice", async (t) => {
  const [admin, ...guests] = Array.from({ length: 6 }, () => system.newUser()) as [User, ...User[]];
  const roomId = await guarded(admin, "invite");
  const { code } = await invite(t, admin, roomId, { maxUses: 2 });
  const first = guests[0]!;
  await Promise.all([accept(first, code), accept(first, code), accept(first, code)]);
  t.match(await invitationsOf(t, admin, roomId), [{ uses: 1, maxUses: 2 }]);
  const answers = await Promise.all(guests.slice(1).map((guest) => accept(guest, code)));
  t.equal(answers.filter(({ status }) => status === 200).length, 1, "the last use is had by one");
  for (const answer of answers.filter(({ status }) => status !== 200)) refused(t, answer, "invitation_used_up");
  t.equal((await roomOf(t, admin, roomId)).participantCount, 3);
  t.strictSame(await invitationsOf(t, admin, roomId), []);
  good(t, routes.joinByInvitation, await accept(first, code));
});

t.test("an invitation that has expired, was revoked, is of another room or never was", async (t) => {
  const [admin, guest] = [system.newUser(), system.newUser()];
  const [roomId, other] = [await guarded(admin, "invite"), await guarded(admin, "invite")];
  const brief = await invite(t, admin, roomId, { expiresInSeconds: 1 });
  const revoked = await invite(t, admin, roomId);
  refused(t, await admin.delete(`/rooms/${other}/invitations/${revoked.code}`), "invitation_not_found");
  good(t, routes.revokeInvitation, await admin.delete(`/rooms/${roomId}/invitations/${revoked.code}`));
  for (const code of [revoked.code, "A".repeat(22)]) {
    refused(t, await guest.get(`/invitations/${code}`), "invitation_not_found");
    refused(t, await accept(guest, code), "invitation_not_found");
  }
  let answer = await guest.get(`/invitations/${brief.code}`);
  while (answer.status === 200) answer = await guest.get(`/invitations/${brief.code}`);
  refused(t, answer, "invitation_expired");
  refused(t, await accept(guest, brief.code), "invitation_expired");
  for (const bad of ["x", "A".repeat(23), "%00", "..%2f"]) refused(t, await accept(guest, bad), "invalid_request");
  for (const limits of [{ maxUses: 0 }, { maxUses: 1_001 }, { expiresInSeconds: 0 }, { expiresInSeconds: 2_592_001 }])
    refused(t, await admin.post(`/rooms/${roomId}/invitations`, limits), "invalid_request");
  t.equal((await roomOf(t, admin, roomId)).participantCount, 1);
});

t.test("an invitation opens no group that is closed, or full", async (t) => {
  const [admin, guest] = [system.newUser(), system.newUser()];
  const roomId = await groupRoom(admin, [system.newUser()], { settings: { joinPolicy: "invite", maxParticipants: 2 } });
  const { code } = await invite(t, admin, roomId);
  refused(t, await accept(guest, code), "room_full");
  t.match(await invitationsOf(t, admin, roomId), [{ uses: 0 }], "a use that came to nothing is none");
  await admin.put(`/rooms/${roomId}/settings`, { settings: { joinPolicy: "closed", maxParticipants: 3 } });
  refused(t, await accept(guest, code), "joining_closed");
  refused(t, await admin.post(`/rooms/${roomId}/invitations`, {}), "joining_closed");
});

t.test("a room has a hundred invitations at a time", async (t) => {
  const admin = system.newUser();
  const roomId = await guarded(admin, "invite");
  for (let n = 0; n < 100; n++) await invite(t, admin, roomId);
  refused(t, await admin.post(`/rooms/${roomId}/invitations`, {}), "too_many_invitations");
  const [{ code } = { code: "" }] = await invitationsOf(t, admin, roomId);
  await admin.delete(`/rooms/${roomId}/invitations/${code}`);
  await invite(t, admin, roomId);
});
