// The `message` of successful answers, in both languages.
import type { Language } from "./errors.js";

export const notices = {
  room_created: { th: "สร้างห้องแชทสำเร็จ", en: "Room created" },
  room_exists: { th: "มีห้องแชทนี้อยู่แล้ว", en: "The room already exists" },
  room_joined: { th: "เข้าร่วมห้องแชทสำเร็จ", en: "Joined the room" },
  room_left: { th: "ออกจากห้องแชทสำเร็จ", en: "Left the room" },
  settings_updated: { th: "อัพเดทการตั้งค่าห้องแชทสำเร็จ", en: "Room settings updated" },
  participants_added: { th: "เพิ่มผู้เข้าร่วมสำเร็จ", en: "Participants added" },
  participant_removed: { th: "นำผู้เข้าร่วมออกสำเร็จ", en: "Participant removed" },
  participant_updated: { th: "อัพเดทผู้เข้าร่วมสำเร็จ", en: "Participant updated" },
  invitation_created: { th: "สร้างคำเชิญสำเร็จ", en: "Invitation created" },
  invitation_revoked: { th: "ยกเลิกคำเชิญสำเร็จ", en: "Invitation revoked" },
  users_saved: { th: "บันทึกข้อมูลผู้ใช้สำเร็จ", en: "Users saved" },
  message_sent: { th: "ส่งข้อความสำเร็จ", en: "Message sent" },
  message_edited: { th: "แก้ไขข้อความสำเร็จ", en: "Message edited" },
  message_deleted: { th: "ลบข้อความสำเร็จ", en: "Message deleted" },
  reaction_added: { th: "เพิ่ม reaction สำเร็จ", en: "Reaction added" },
  reaction_removed: { th: "ลบ reaction สำเร็จ", en: "Reaction removed" },
  message_forwarded: { th: "ส่งต่อข้อความสำเร็จ", en: "Message forwarded" },
  media_sent: { th: "ส่งไฟล์สำเร็จ", en: "File sent" },
  avatar_uploaded: { th: "อัปโหลดรูปโปรไฟล์สำเร็จ", en: "Avatar uploaded" },
  sticker_sent: { th: "ส่งสติกเกอร์สำเร็จ", en: "Sticker sent" },
  sticker_set_downloaded: { th: "ดาวน์โหลดชุดสติกเกอร์สำเร็จ", en: "Sticker set downloaded" },
  sticker_set_published: { th: "เผยแพร่ชุดสติกเกอร์สำเร็จ", en: "Sticker set published" },
  sticker_set_updated: { th: "อัพเดทชุดสติกเกอร์สำเร็จ", en: "Sticker set updated" },
  sticker_set_unchanged: { th: "ชุดสติกเกอร์เป็นเวอร์ชันล่าสุดอยู่แล้ว", en: "The sticker set is already up to date" },
  sticker_set_retired: { th: "เลิกให้บริการชุดสติกเกอร์แล้ว", en: "Sticker set retired" },
  marked_read: { th: "อัพเดทสถานะการอ่านสำเร็จ", en: "Read position updated" },
} as const;

export type Notice = keyof typeof notices;

export function noticeText(notice: Notice, language: Language): string {
  return notices[notice][language];
}
