// The name of an uploaded file: shown to people, and the name under which they save it.
import { ChatError, visibleText } from "@khui/contracts";

/** UTF-16 units; the longest that common file systems take. */
const maxLength = 255;

/** Bidirectional embeddings, overrides and isolates: they hide what a name ends with. */
const bidiControls = /[\u202A-\u202E\u2066-\u2069]/g;

/**
 * The last segment of the name (browsers send a folder's files with their paths) in NFC, without bidirectional controls. Throws
 * invalid_file_name when nothing is seen of it, when it is too long or a dot or two, and for control characters.
 */
export function checkFileName(name: string): string {
  const segment = name.isWellFormed() ? (name.split(/[\\/]/).at(-1) ?? "") : "";
  const plain = segment.normalize("NFC").replace(bidiControls, "");
  const isBad = visibleText(plain) === "" || plain.length > maxLength || /^\.{1,2}$|\p{Cc}/u.test(plain);
  if (isBad) throw new ChatError("invalid_file_name");
  return plain;
}
