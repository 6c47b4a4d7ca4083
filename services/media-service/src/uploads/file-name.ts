// The name of an uploaded file: shown to people, and the name under which they save it.
import { ChatError } from "@khui/contracts";

/** UTF-16 units; the longest that common file systems take. */
const maxLength = 255;

/**
 * Returns the name in NFC. Throws invalid_file_name for one that is empty or too long, contains a path (`../x`), or has
 * control or bidirectional formatting characters, which hide what it ends with.
 */
export function checkFileName(name: string): string {
  const composed = name.isWellFormed() ? name.normalize("NFC") : "";
  const plain = /^[^\\/\p{Cc}\u{202A}-\u{202E}\u{2066}-\u{2069}]+$/u.test(composed);
  if (!plain || composed.length > maxLength || /^\.{1,2}$/.test(composed)) throw new ChatError("invalid_file_name");
  return composed;
}
