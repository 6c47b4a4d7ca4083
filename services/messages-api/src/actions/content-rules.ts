// What a message or reaction may contain: texts and emojis.
import { ChatError, type MessageType } from "@khui/contracts";

/** Characters of a text or caption, after trimming. */
const maxContent = 10_000;

/** Trims; throws empty_content or content_too_long. Characters are Unicode code points. */
export function checkText(content: string): string {
  const text = checkCaption(content);
  if (text === "") throw new ChatError("empty_content");
  return text;
}

/** What a message of that type says: a text has to say something, anything else has a caption or null. */
export function checkContent(type: MessageType, content: string | null): string | null {
  return type === "text" ? checkText(content ?? "") : checkCaption(content ?? "") || null;
}

/** A caption may be empty. */
export function checkCaption(content: string): string {
  const text = content.trim();
  if (text.length > maxContent && [...text].length > maxContent) throw new ChatError("content_too_long");
  return text;
}

/** RGI_Emoji knows sequences (families, flags, skin tones); the second form takes a bare pictograph such as U+2764. */
const emoji = String.raw`^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?)$`;
const oneEmoji = new RegExp(emoji, "v");

/** Throws invalid_emoji for anything but exactly one emoji. */
export function checkEmoji(text: string): string {
  if (!oneEmoji.test(text)) throw new ChatError("invalid_emoji");
  return text;
}
