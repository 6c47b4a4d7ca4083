// Every REST route: method, path and schemas. Services mount them, documents derive from them.
import { type Static, type TSchema, Type } from "typebox";
import { UploadedAvatar } from "./media.js";
import {
  AddReaction,
  Content,
  DeleteFor,
  Message,
  MessageType,
  Reacted,
  Reaction,
  ReadMark,
  Receipt,
  SendText,
} from "./messages.js";
import {
  AddedParticipants,
  AddParticipants,
  ChatRoom,
  CreateInvitation,
  CreateRoom,
  Invitation,
  InvitationCode,
  InvitedRoom,
  Participant,
  UpdateRoom,
} from "./rooms.js";
import { Cursor, Epoch, Limit, Nullable, ObjectId, Page, Role, Sequence, Text, UserId } from "./scalars.js";
import { SendSticker, Sticker, StickerSet, StickerSetManifest } from "./stickers.js";
import { User, UserProfile } from "./users.js";

export interface Route<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Answer extends TSchema = TSchema,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Fields of a successful answer besides `success: true`. */
  readonly answer: Answer;
  readonly status?: 200 | 201;
  /** Needs the `chat:admin` scope. */
  readonly admin?: true;
  /** A field of the body: each of its elements counts as a request against the user's limit. */
  readonly countedBy?: string;
}

type Part<T> = T extends TSchema ? Static<T> : undefined;
export type RouteParams<R extends Route> = Part<R["params"]>;
export type RouteQuery<R extends Route> = Part<R["query"]>;
export type RouteBody<R extends Route> = Part<R["body"]>;
export type RouteAnswer<R extends Route> = Static<R["answer"]>;

const defineRoute = <const R extends Route>(route: R): R => route;

const base = "/api/v1/chat";
const InRoom = Type.Object({ chatRoomId: ObjectId });
const OfMessage = Type.Object({ messageId: ObjectId });
const OfParticipant = Type.Object({ ...InRoom.properties, userId: UserId });
const WithCode = Type.Object({ code: InvitationCode });
const withMessage = { message: Type.String() };
const Pagination = Type.Object({
  currentPage: Type.Integer(),
  totalPages: Type.Integer(),
  total: Type.Integer(),
  limit: Type.Integer(),
});
const Sent = Type.Object({ ...withMessage, data: Message });
const OfSet = Type.Object({ setId: ObjectId });

export const routes = {
  createRoom: defineRoute({
    method: "POST",
    url: `${base}/rooms`,
    body: CreateRoom,
    status: 201,
    answer: Type.Object({ ...withMessage, chatRoom: ChatRoom }),
  }),
  listRooms: defineRoute({
    method: "GET",
    url: `${base}/rooms`,
    query: Type.Object({ page: Page, limit: Limit(20) }),
    answer: Type.Object({ chatRooms: Type.Array(ChatRoom), pagination: Pagination }),
  }),
  getRoom: defineRoute({
    method: "GET",
    url: `${base}/rooms/:chatRoomId`,
    params: InRoom,
    answer: Type.Object({ chatRoom: ChatRoom }),
  }),
  listParticipants: defineRoute({
    method: "GET",
    url: `${base}/rooms/:chatRoomId/participants`,
    params: InRoom,
    query: Type.Object({ page: Page, limit: Limit(50) }),
    answer: Type.Object({ participants: Type.Array(Participant), pagination: Pagination }),
  }),
  addParticipants: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/participants`,
    params: InRoom,
    body: AddParticipants,
    answer: Type.Object({ ...withMessage, ...AddedParticipants.properties }),
  }),
  removeParticipant: defineRoute({
    method: "DELETE",
    url: `${base}/rooms/:chatRoomId/participants/:userId`,
    params: OfParticipant,
    answer: Type.Object(withMessage),
  }),
  updateParticipant: defineRoute({
    method: "PUT",
    url: `${base}/rooms/:chatRoomId/participants/:userId`,
    params: OfParticipant,
    body: Type.Object({ role: Role }),
    answer: Type.Object(withMessage),
  }),
  joinRoom: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/join`,
    params: InRoom,
    answer: Type.Object({ ...withMessage, chatRoom: ChatRoom }),
  }),
  leaveRoom: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/leave`,
    params: InRoom,
    answer: Type.Object(withMessage),
  }),
  updateSettings: defineRoute({
    method: "PUT",
    url: `${base}/rooms/:chatRoomId/settings`,
    params: InRoom,
    body: UpdateRoom,
    answer: Type.Object({ ...withMessage, chatRoom: ChatRoom }),
  }),
  createInvitation: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/invitations`,
    params: InRoom,
    body: Type.Optional(Nullable(CreateInvitation)),
    status: 201,
    answer: Type.Object({ ...withMessage, invitation: Invitation }),
  }),
  /** Those that have neither expired nor been used up, the newest first. */
  listInvitations: defineRoute({
    method: "GET",
    url: `${base}/rooms/:chatRoomId/invitations`,
    params: InRoom,
    answer: Type.Object({ invitations: Type.Array(Invitation) }),
  }),
  revokeInvitation: defineRoute({
    method: "DELETE",
    url: `${base}/rooms/:chatRoomId/invitations/:code`,
    params: Type.Object({ ...InRoom.properties, ...WithCode.properties }),
    answer: Type.Object(withMessage),
  }),
  getInvitation: defineRoute({
    method: "GET",
    url: `${base}/invitations/:code`,
    params: WithCode,
    answer: Type.Object({ invitation: InvitedRoom }),
  }),
  joinByInvitation: defineRoute({
    method: "POST",
    url: `${base}/invitations/:code/join`,
    params: WithCode,
    answer: Type.Object({ ...withMessage, chatRoom: ChatRoom }),
  }),
  upsertUsers: defineRoute({
    method: "PUT",
    url: `${base}/users`,
    body: Type.Object({ users: Type.Array(UserProfile, { minItems: 1, maxItems: 1000 }) }),
    admin: true,
    answer: Type.Object({ ...withMessage, count: Type.Integer() }),
  }),

  listMessages: defineRoute({
    method: "GET",
    url: `${base}/rooms/:chatRoomId/messages`,
    params: InRoom,
    query: Type.Object({
      page: Page,
      limit: Limit(50),
      before: Type.Optional(Type.String({ maxLength: 64, description: "RFC 3339; in UTC where it names no zone" })),
      beforeSeq: Type.Optional(Sequence),
      afterSeq: Type.Optional(Sequence),
      epoch: Type.Optional(Epoch),
    }),
    answer: Type.Object({
      messages: Type.Array(Message),
      seq: Sequence,
      epoch: Epoch,
      resync: Type.Boolean({ description: "the log has no such number, or not in that epoch: fetch the room again" }),
      hasMore: Type.Boolean(),
      pagination: Pagination,
    }),
  }),
  sendMessage: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/messages`,
    params: InRoom,
    body: SendText,
    status: 201,
    answer: Sent,
  }),
  /** A form: `file`, and the fields of UploadFields before or after it. */
  sendMedia: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/messages/media`,
    params: InRoom,
    status: 201,
    answer: Sent,
  }),
  /** A form with one `file`, a picture: it becomes the squares of an avatar, for rooms and people. */
  uploadAvatar: defineRoute({
    method: "POST",
    url: `${base}/avatars`,
    status: 201,
    answer: Type.Object({ ...withMessage, data: UploadedAvatar }),
  }),
  sendSticker: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/messages/sticker`,
    params: InRoom,
    body: SendSticker,
    status: 201,
    answer: Sent,
  }),
  /** One message with all of its edit history. */
  getMessage: defineRoute({
    method: "GET",
    url: `${base}/messages/:messageId`,
    params: OfMessage,
    answer: Type.Object({ data: Message }),
  }),
  /** Everyone who reacted, in the order of their reactions. */
  listReactions: defineRoute({
    method: "GET",
    url: `${base}/messages/:messageId/reactions`,
    params: OfMessage,
    query: Type.Object({ limit: Limit(50), cursor: Type.Optional(Cursor) }),
    answer: Type.Object({
      reactions: Type.Array(Type.Object({ ...Reaction.properties, user: User })),
      nextCursor: Nullable(Type.String({ description: "null after the last page" })),
    }),
  }),
  /** The other people of the room, those who have read furthest first. */
  listReceipts: defineRoute({
    method: "GET",
    url: `${base}/messages/:messageId/receipts`,
    params: OfMessage,
    query: Type.Object({ limit: Limit(50), cursor: Type.Optional(Cursor) }),
    answer: Type.Object({
      receipts: Type.Array(Receipt),
      nextCursor: Nullable(Type.String({ description: "null after the last page" })),
    }),
  }),
  editMessage: defineRoute({
    method: "PUT",
    url: `${base}/messages/:messageId`,
    params: OfMessage,
    body: Type.Object({ content: Nullable(Content) }),
    answer: Sent,
  }),
  deleteMessage: defineRoute({
    method: "DELETE",
    url: `${base}/messages/:messageId`,
    params: OfMessage,
    /** For whom is said in the body or, since some proxies and libraries drop bodies of DELETE, in the query. */
    query: Type.Object({ deleteFor: Type.Optional(DeleteFor) }),
    body: Type.Optional(Nullable(Type.Object({ deleteFor: Type.Optional(DeleteFor) }))),
    answer: Type.Object({ ...withMessage, data: Type.Object({ messageId: ObjectId, deleteFor: DeleteFor }) }),
  }),
  addReaction: defineRoute({
    method: "POST",
    url: `${base}/messages/:messageId/reactions`,
    params: OfMessage,
    body: AddReaction,
    answer: Type.Object({ ...withMessage, data: Reacted }),
  }),
  removeReaction: defineRoute({
    method: "DELETE",
    url: `${base}/messages/:messageId/reactions`,
    params: OfMessage,
    answer: Type.Object({ ...withMessage, data: Reacted }),
  }),
  forwardMessage: defineRoute({
    method: "POST",
    url: `${base}/messages/:messageId/forward`,
    params: OfMessage,
    body: Type.Object({
      chatRoomIds: Type.Array(ObjectId, { minItems: 1, maxItems: 20 }),
      clientMessageId: Type.Optional(Text(1, 100)),
    }),
    countedBy: "chatRoomIds",
    status: 201,
    answer: Type.Object({ ...withMessage, data: Type.Array(Message) }),
  }),
  markRead: defineRoute({
    method: "POST",
    url: `${base}/rooms/:chatRoomId/read`,
    params: InRoom,
    body: Type.Optional(Nullable(Type.Object({ messageId: Type.Optional(ObjectId) }))),
    answer: Type.Object({ ...withMessage, data: ReadMark }),
  }),
  roomStats: defineRoute({
    method: "GET",
    url: `${base}/rooms/:chatRoomId/stats`,
    params: InRoom,
    answer: Type.Object({
      stats: Type.Object({
        totalMessages: Type.Integer(),
        messagesByType: Type.Array(Type.Object({ type: MessageType, count: Type.Integer() })),
        totalReactions: Type.Integer(),
        activeUsers: Type.Array(UserId),
      }),
    }),
  }),

  listStickerSets: defineRoute({
    method: "GET",
    url: `${base}/stickers/sets`,
    query: Type.Object({
      page: Page,
      limit: Limit(20),
      category: Type.Optional(Text(0, 40)),
      search: Type.Optional(Text(0, 100)),
    }),
    answer: Type.Object({ stickerSets: Type.Array(StickerSet), pagination: Pagination }),
  }),
  getStickerSet: defineRoute({
    method: "GET",
    url: `${base}/stickers/sets/:setId`,
    params: OfSet,
    answer: Type.Object({ stickerSet: StickerSet }),
  }),
  listStickers: defineRoute({
    method: "GET",
    url: `${base}/stickers/sets/:setId/stickers`,
    params: OfSet,
    answer: Type.Object({ stickers: Type.Array(Sticker) }),
  }),
  downloadStickerSet: defineRoute({
    method: "POST",
    url: `${base}/stickers/sets/:setId/download`,
    params: OfSet,
    answer: Type.Object({ ...withMessage, data: StickerSetManifest }),
  }),
  myStickerSets: defineRoute({
    method: "GET",
    url: `${base}/stickers/my-collections`,
    query: Type.Object({ page: Page, limit: Limit(20) }),
    answer: Type.Object({ collections: Type.Array(StickerSetManifest), pagination: Pagination }),
  }),
  searchStickers: defineRoute({
    method: "GET",
    url: `${base}/stickers/search`,
    query: Type.Object({ q: Text(1, 100), limit: Limit(20) }),
    answer: Type.Object({ stickers: Type.Array(Sticker) }),
  }),
  /** A form with one `file`: a ZIP archive of a manifest and its pictures. Publishes a set, or updates the one of that key. */
  publishStickerSet: defineRoute({
    method: "POST",
    url: `${base}/stickers/sets`,
    admin: true,
    status: 201,
    answer: Type.Object({ ...withMessage, data: StickerSetManifest }),
  }),
  /** The same for an existing set; the manifest's key must be the set's own. */
  updateStickerSet: defineRoute({
    method: "PUT",
    url: `${base}/stickers/sets/:setId`,
    params: OfSet,
    admin: true,
    answer: Type.Object({ ...withMessage, data: StickerSetManifest }),
  }),
  retireStickerSet: defineRoute({
    method: "DELETE",
    url: `${base}/stickers/sets/:setId`,
    params: OfSet,
    admin: true,
    answer: Type.Object({ ...withMessage, data: StickerSet }),
  }),
} as const;
