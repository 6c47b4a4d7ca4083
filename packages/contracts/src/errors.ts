// Every way a request can fail: one table from a stable code to HTTP status and wording.

interface ErrorEntry {
  readonly status: number;
  readonly th: string;
  readonly en: string;
}

const entry = (status: number, th: string, en: string): ErrorEntry => ({ status, th, en });

/** One row per code. `code` is what programs compare; the wording is for people and may change. */
export const errors = {
  invalid_request: entry(400, "ข้อมูลที่ส่งมาไม่ถูกต้อง", "The request is not valid."),
  invalid_json: entry(400, "รูปแบบ JSON ไม่ถูกต้อง", "The body is not valid JSON."),
  invalid_participants: entry(400, "รายชื่อผู้เข้าร่วมไม่ถูกต้อง", "The participants are not valid for this type of room."),
  empty_content: entry(400, "กรุณาพิมพ์ข้อความ", "The message is empty."),
  content_too_long: entry(400, "ข้อความยาวเกิน 10,000 ตัวอักษร", "The message is longer than 10,000 characters."),
  invalid_emoji: entry(400, "กรุณาเลือกอีโมจิหนึ่งตัว", "A reaction must be exactly one emoji."),
  reply_not_found: entry(400, "ไม่พบข้อความที่ต้องการตอบกลับในห้องนี้", "The message you are replying to is not in this room."),
  not_editable: entry(400, "ข้อความนี้แก้ไขไม่ได้", "This message cannot be edited."),
  not_forwardable: entry(400, "ข้อความนี้ส่งต่อไม่ได้", "This message cannot be forwarded."),
  unsupported_event: entry(400, "ไม่รู้จัก event นี้", "Unknown event."),
  no_file: entry(400, "กรุณาแนบไฟล์", "Please attach a file."),
  too_many_files: entry(400, "ส่งไฟล์ได้ครั้งละหนึ่งไฟล์", "Only one file can be sent at a time."),
  empty_file: entry(400, "ไฟล์ว่างเปล่า", "The file is empty."),
  invalid_file_name: entry(400, "ชื่อไฟล์ไม่ถูกต้อง", "The file name is not valid."),
  damaged_file: entry(400, "ไฟล์เสียหายหรือไม่สมบูรณ์", "The file is damaged or incomplete."),
  upload_incomplete: entry(400, "อัปโหลดไม่สำเร็จ กรุณาลองใหม่", "The upload was interrupted. Please try again."),
  invalid_metadata: entry(400, "metadata ของสติกเกอร์ไม่ถูกต้อง", "The sticker does not accept this metadata."),
  sticker_type_mismatch: entry(400, "ชนิดของสติกเกอร์ไม่ตรงกับที่ระบุ", "The sticker is not of the given type."),
  invalid_sticker_set: entry(400, "ชุดสติกเกอร์ไม่ถูกต้อง", "The sticker set is not valid."),
  unauthorized: entry(401, "กรุณาเข้าสู่ระบบ", "Authentication is required."),
  invalid_token: entry(401, "โทเคนไม่ถูกต้อง", "The token is not valid."),
  token_expired: entry(401, "โทเคนหมดอายุแล้ว กรุณาเข้าสู่ระบบใหม่", "The token has expired. Please sign in again."),
  user_mismatch: entry(401, "userId ไม่ตรงกับโทเคน", "The userId does not match the token."),
  authentication_timeout: entry(401, "หมดเวลายืนยันตัวตน", "Authentication timed out."),
  forbidden: entry(403, "ไม่มีสิทธิ์เข้าถึง", "You do not have permission to do this."),
  not_a_participant: entry(403, "คุณไม่ได้อยู่ในห้องแชทนี้", "You are not a participant of this room."),
  not_room_admin: entry(403, "เฉพาะผู้ดูแลห้องเท่านั้นที่ทำได้", "Only a room admin can do this."),
  not_message_sender: entry(403, "เฉพาะผู้ส่งข้อความเท่านั้นที่ทำได้", "Only the sender of the message can do this."),
  not_joined: entry(403, "กรุณาเข้าห้องแชทก่อน", "Join the room first."),
  media_not_allowed: entry(403, "ห้องนี้ไม่อนุญาตให้ส่งไฟล์สื่อ", "This room does not allow media."),
  stickers_not_allowed: entry(403, "ห้องนี้ไม่อนุญาตให้ส่งสติกเกอร์", "This room does not allow stickers."),
  reactions_not_allowed: entry(403, "ห้องนี้ไม่อนุญาตให้ใช้ reaction", "This room does not allow reactions."),
  room_not_active: entry(403, "ห้องแชทนี้ไม่ได้เปิดใช้งาน", "This room is not active."),
  private_room: entry(403, "เข้าร่วมหรือออกจากห้องแชทส่วนตัวไม่ได้", "A private room cannot be joined or left."),
  joining_closed: entry(403, "ห้องแชทนี้เข้าร่วมได้เมื่อผู้ดูแลเพิ่มคุณเท่านั้น", "Only people who are added can enter this room."),
  invalid_signature: entry(403, "ลิงก์ไม่ถูกต้อง", "The link is not valid."),
  link_expired: entry(403, "ลิงก์หมดอายุแล้ว", "The link has expired."),
  sticker_not_owned: entry(403, "กรุณาดาวน์โหลดชุดสติกเกอร์นี้ก่อน", "Download the sticker set first."),
  not_found: entry(404, "ไม่พบข้อมูลที่ต้องการ", "Not found."),
  participant_not_found: entry(404, "ไม่พบผู้เข้าร่วมนี้ในห้องแชท", "This person is not in the room."),
  room_not_found: entry(404, "ไม่พบห้องแชท", "Room not found."),
  invitation_not_found: entry(404, "ไม่พบคำเชิญ", "Invitation not found."),
  message_not_found: entry(404, "ไม่พบข้อความ", "Message not found."),
  file_not_found: entry(404, "ไม่พบไฟล์", "File not found."),
  sticker_set_not_found: entry(404, "ไม่พบชุดสติกเกอร์", "Sticker set not found."),
  sticker_not_found: entry(404, "ไม่พบสติกเกอร์", "Sticker not found."),
  request_timeout: entry(408, "หมดเวลาส่งคำขอ กรุณาลองใหม่", "The request took too long to arrive. Please try again."),
  upload_too_slow: entry(408, "อัปโหลดช้าเกินไป กรุณาลองใหม่", "The upload was too slow. Please try again."),
  last_admin: entry(409, "ห้องแชทต้องมีผู้ดูแลอย่างน้อยหนึ่งคน", "The room needs another admin first."),
  not_a_group: entry(409, "ห้องแชทส่วนตัวมีสองคนเสมอ", "A private room always has its two people."),
  too_many_invitations: entry(409, "ห้องนี้มีคำเชิญมากเกินไป", "The room has too many invitations."),
  room_full: entry(409, "ห้องแชทเต็มแล้ว", "The room is full."),
  too_many_edits: entry(
    409,
    "ข้อความนี้แก้ไขครบ 100 ครั้งแล้ว หรือประวัติการแก้ไขยาวเกินไป",
    "This message has reached its limit of 100 edits, or fewer long ones.",
  ),
  too_many_reactions: entry(
    409,
    "ข้อความนี้มีอีโมจิครบ 100 แบบแล้ว",
    "This message has reached its limit of 100 different emojis.",
  ),
  idempotency_conflict: entry(
    409,
    "clientMessageId นี้ถูกใช้กับข้อความอื่นแล้ว",
    "This clientMessageId was already used for another message.",
  ),
  sticker_set_retired: entry(409, "ชุดสติกเกอร์นี้เลิกให้บริการแล้ว", "The sticker set is no longer available."),
  invitation_expired: entry(410, "คำเชิญหมดอายุแล้ว", "The invitation has expired."),
  invitation_used_up: entry(410, "คำเชิญถูกใช้ครบแล้ว", "The invitation has been used up."),
  file_too_large: entry(413, "ไฟล์มีขนาดใหญ่เกินไป", "The file is too large."),
  too_many_pixels: entry(413, "รูปภาพมีความละเอียดสูงเกินไป", "The resolution of the picture is too high."),
  too_many_frames: entry(413, "ภาพเคลื่อนไหวมีเฟรมมากเกินไป", "The animation has too many frames."),
  payload_too_large: entry(413, "ข้อมูลมีขนาดใหญ่เกินไป", "The request body is too large."),
  unsupported_media_type: entry(415, "ไม่รองรับข้อมูลชนิดนี้", "The content type is not supported."),
  wrong_kind_of_file: entry(415, "ชนิดไฟล์ไม่ตรงกับที่ระบุ", "The file is not of the declared type."),
  ambiguous_file: entry(415, "ระบุชนิดของไฟล์ให้แน่ชัดไม่ได้", "The file could be of more than one type."),
  range_not_satisfiable: entry(416, "ช่วงข้อมูลที่ขอเกินขนาดไฟล์", "The requested range is beyond the end of the file."),
  rate_limited: entry(429, "ส่งคำขอถี่เกินไป กรุณารอสักครู่", "Too many requests. Please try again shortly."),
  headers_too_large: entry(431, "header ของคำขอมีขนาดใหญ่เกินไป", "The request headers are too large."),
  internal_error: entry(500, "ข้อผิดพลาดของเซิร์ฟเวอร์", "Internal server error."),
  service_unavailable: entry(
    503,
    "บริการไม่พร้อมใช้งานชั่วคราว กรุณาลองใหม่อีกครั้ง",
    "The service is temporarily unavailable. Please try again.",
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;
export type Language = "th" | "en";

/** True for a string that is one of our codes (an own key, so that "constructor" is not one). */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errors, value);
}

/** The human-readable text of a code, with the limit or the types that are accepted where `details` have them. */
export function errorText(code: ErrorCode, language: Language = "th", details?: unknown): string {
  const text = errors[code][language];
  const accepted = acceptedIn(details, language);
  if (accepted) return language === "th" ? `${text} กรุณาส่งเป็น ${accepted}` : `${text} Please send ${accepted}.`;
  const limit = limitIn(details);
  if (limit === undefined) return text;
  return language === "th" ? `${text} (สูงสุด ${limit})` : `${text.replace(/\.$/, "")}: at most ${limit}.`;
}

/** As people read it: `JPEG or PNG` for `{accepted: ["image/jpeg", "image/png"]}`. */
function acceptedIn(details: unknown, language: Language): string | undefined {
  const { accepted } = (details ?? {}) as { accepted?: unknown };
  if (!Array.isArray(accepted)) return undefined;
  return accepted
    .map((type) => String(type).replace(/.*\//, "").toUpperCase())
    .join(language === "th" ? " หรือ " : " or ");
}

/** As people read it: `10 MB` for `{maxBytes: 10485760}`, `500` for `{maxParticipants: 500}`. */
function limitIn(details: unknown): string | undefined {
  for (const [name, limit] of Object.entries(details ?? {})) {
    if (!name.startsWith("max") || typeof limit !== "number") continue;
    if (name === "maxPixels") return `${limit / 1_000_000} MP`;
    if (name !== "maxBytes") return limit.toLocaleString("en");
    return limit < 1024 ** 2 ? `${Math.floor(limit / 1024)} KB` : `${Math.floor(limit / 1024 ** 2)} MB`;
  }
  return undefined;
}

/**
 * A failure with a stable code, thrown by rules and stores, and turned into an HTTP answer, an RPC error or an
 * `error` event at the boundary. `details` is sent to the client: never put secrets or other people's data in it.
 */
export class ChatError extends Error {
  override readonly name = "ChatError";
  constructor(
    readonly code: ErrorCode,
    readonly details?: unknown,
    /** `cause`: the original error, for logs; it is never sent to callers. */
    options?: ErrorOptions,
  ) {
    super(errors[code].en, options);
  }

  get status(): number {
    return errors[this.code].status;
  }
}
