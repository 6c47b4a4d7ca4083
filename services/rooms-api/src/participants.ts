// Actions on the people of a group, by its admins and the application's back end: add, remove, change a role.
import { type AddedParticipants, type AddParticipants, ChatError, type Role } from "@khui/contracts";
import type { Db } from "@khui/database";
import { createNames, type NameOf } from "./names.js";
import type { Outbox } from "./outbox.js";
import type { Caller } from "./quotas.js";
import { addedText, checkPlaces, removedText, requireAdding, requireAdmin, roleText } from "./rules.js";
import { activeAmong, changeRoom, type Decision, findParticipant, hasOtherAdmin } from "./store/rooms.js";
import type { ParticipantRow, RoomRow } from "./store/tables.js";

export interface Participants {
  /**
   * Adds people who are not in the room. Throws invalid_participants for the caller themself, room_full when there is no place for
   * all of them, and what `requireAdding` does.
   */
  add(caller: Caller, roomId: string, input: AddParticipants): Promise<AddedParticipants>;
  /** Throws participant_not_found, last_admin while others are there, invalid_participants for the caller, and what `requireAdmin` does. */
  remove(caller: Caller, roomId: string, userId: string): Promise<void>;
  /** Throws participant_not_found, last_admin, and what `requireAdmin` does. */
  setRole(caller: Caller, roomId: string, userId: string, role: Role): Promise<void>;
}

export function createParticipants(db: Db, outbox: Pick<Outbox, "deliver">): Participants {
  const namesOf = createNames(db);

  /** Changes one person in the room whom the caller names. `decide` gets the group and that person. */
  async function changeOne(
    caller: Caller,
    roomId: string,
    userId: string,
    decide: (group: RoomRow, theirs: ParticipantRow, nameOf: NameOf, trx: Db) => Promise<Decision | undefined>,
  ): Promise<void> {
    const nameOf = await namesOf([caller.userId, userId]);
    await changeRoom(db, roomId, caller.userId, async (room, mine, trx) => {
      const group = requireAdmin(room, mine, caller);
      const theirs = await findParticipant(trx, roomId, userId);
      if (!theirs?.is_active) throw new ChatError("participant_not_found");
      return decide(group, theirs, nameOf, trx);
    });
    await outbox.deliver(roomId);
  }

  return {
    async add(caller, roomId, { userIds, role = "member" }) {
      const by = caller.userId;
      if (userIds.includes(by) && !caller.admin)
        throw new ChatError("invalid_participants", { expected: "other people" });
      const nameOf = await namesOf([by, ...userIds]);
      let present: ReadonlySet<string> = new Set();
      const absent = () => userIds.filter((userId) => !present.has(userId));
      await changeRoom(db, roomId, by, async (room, mine, trx) => {
        const group = requireAdding(room, mine, caller, role);
        present = await activeAmong(trx, roomId, userIds);
        const added = absent();
        if (added.length === 0) return undefined;
        checkPlaces(group, added.length);
        return { change: { kind: "added", by, userIds: added, role, text: addedText(by, added, nameOf) } };
      });
      await outbox.deliver(roomId);
      const skipped = [...present].map((userId) => ({ userId, reason: "already_in" as const }));
      return { added: absent(), skipped };
    },
    async remove(caller, roomId, userId) {
      const by = caller.userId;
      if (userId === by) throw new ChatError("invalid_participants", { expected: "somebody else; oneself leaves" });
      await changeOne(caller, roomId, userId, async (group, theirs, nameOf, trx) => {
        const isAlone = group.participant_count === 1;
        if (theirs.role === "admin" && !isAlone) await assertOtherAdmin(trx, roomId, userId);
        return { change: { kind: "left", userId, by, newAdmin: null, text: removedText(by, userId, nameOf) } };
      });
    },
    async setRole(caller, roomId, userId, role) {
      const by = caller.userId;
      await changeOne(caller, roomId, userId, async (_group, theirs, nameOf, trx) => {
        if (theirs.role === role) return undefined;
        if (theirs.role === "admin") await assertOtherAdmin(trx, roomId, userId);
        return { change: { kind: "role", userId, role, by, text: roleText(by, userId, role, nameOf) } };
      });
    },
  };
}

async function assertOtherAdmin(trx: Db, roomId: string, userId: string): Promise<void> {
  if (!(await hasOtherAdmin(trx, roomId, userId))) throw new ChatError("last_admin");
}
