// Invitations into groups: made and revoked by admins, used by whoever has the code.
import { randomBytes } from "node:crypto";
import {
  ChatError,
  type ChatRoom,
  type CreateInvitation,
  defaultInvitationSeconds,
  type Invitation,
  type InvitedRoom,
} from "@khui/contracts";
import type { Db } from "@khui/database";
import { createNames } from "./names.js";
import type { Outbox } from "./outbox.js";
import type { Caller } from "./quotas.js";
import { renderInvitation, renderInvitedRoom } from "./render.js";
import type { Rooms } from "./rooms.js";
import { checkInvitation, joining, requireAdmin, systemText } from "./rules.js";
import { addInvitation, countUse, deleteInvitation, findInvitation, liveInvitations } from "./store/invitations.js";
import { changeRoom, findParticipant, findRooms } from "./store/rooms.js";
import type { InvitationRow } from "./store/tables.js";

export interface Invitations {
  /** Throws too_many_invitations, joining_closed, and as the two after it what `requireAdmin` does. */
  create(caller: Caller, roomId: string, input: CreateInvitation): Promise<Invitation>;
  list(caller: Caller, roomId: string): Promise<Invitation[]>;
  /** Throws invitation_not_found, also for one of another room. */
  revoke(caller: Caller, roomId: string, code: string): Promise<void>;
  /** Throws what `checkInvitation` does. */
  preview(code: string): Promise<InvitedRoom>;
  /** Who is in the room already uses nothing up. */
  join(userId: string, code: string): Promise<ChatRoom>;
}

/** What a room may have at a time. */
const maxInvitations = 100;

export function createInvitations(db: Db, outbox: Pick<Outbox, "deliver">, rooms: Pick<Rooms, "get">): Invitations {
  const namesOf = createNames(db);

  async function assertAdmin(roomId: string, caller: Caller): Promise<void> {
    const [[room], mine] = await Promise.all([findRooms(db, [roomId]), findParticipant(db, roomId, caller.userId)]);
    requireAdmin(room, mine, caller);
  }

  return {
    async create(caller, roomId, { maxUses = null, expiresInSeconds = defaultInvitationSeconds }) {
      let added: InvitationRow | undefined;
      const { userId } = caller;
      await changeRoom(db, roomId, userId, async (room, mine, trx) => {
        if (requireAdmin(room, mine, caller).settings.joinPolicy === "closed") throw new ChatError("joining_closed");
        const code = randomBytes(16).toString("base64url");
        const invitation = { code, roomId, createdBy: userId, maxUses, expiresInSeconds };
        added = await addInvitation(trx, invitation, maxInvitations);
        return undefined;
      });
      if (!added) throw new ChatError("too_many_invitations", { maxInvitations });
      return renderInvitation(added);
    },
    async list(caller, roomId) {
      await assertAdmin(roomId, caller);
      return (await liveInvitations(db, roomId)).map(renderInvitation);
    },
    async revoke(caller, roomId, code) {
      await assertAdmin(roomId, caller);
      if (!(await deleteInvitation(db, roomId, code))) throw new ChatError("invitation_not_found");
    },
    async preview(code) {
      const invitation = await findInvitation(db, code);
      const [room] = await findRooms(db, invitation ? [invitation.room_id] : []);
      if (!room || !invitation) throw new ChatError("invitation_not_found");
      checkInvitation(room, invitation);
      return renderInvitedRoom(room, invitation);
    },
    async join(userId, code) {
      const roomId = (await findInvitation(db, code))?.room_id;
      if (!roomId) throw new ChatError("invitation_not_found");
      const text = systemText("joined", userId, await namesOf([userId]));
      await changeRoom(db, roomId, userId, async (room, mine, trx) => {
        if (!room || mine?.is_active) return undefined;
        // Under the lock: it may have been used up or revoked since.
        checkInvitation(room, await findInvitation(trx, code));
        await countUse(trx, code);
        return joining(room, userId, text);
      });
      await outbox.deliver(roomId);
      return rooms.get(userId, roomId);
    },
  };
}
