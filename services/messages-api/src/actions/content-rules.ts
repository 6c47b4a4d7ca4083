// What a message may say.
import { ChatError, type MessageType, visibleText } from "@khui/contracts";

/** Characters of a text or caption, after trimming. */
const maxContent = 10_000;

/** Trims; throws empty_content (also when nothing of it is seen) or content_too_long. Characters are Unicode code points. */
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
  const text = visibleText(content);
  if (text.length > maxContent && [...text].length > maxContent) throw new ChatError("content_too_long");
  return text;
}
