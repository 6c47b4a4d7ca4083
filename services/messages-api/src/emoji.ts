// One form for each emoji: keyboards write the same one with and without variation selectors (U+FE0F).
import { ChatError } from "@khui/contracts";

/** RGI_Emoji knows sequences (families, flags, skin tones); the second form takes pictographs that Node does not know yet. */
const one = String.raw`^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?)$`;
const oneEmoji = new RegExp(one, "v");
/** Shown as text unless a selector follows: keycaps, U+2764, U+1F3F3. A skin tone does what the selector would. */
const needsSelector = /(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu;

/** Fully qualified (UTS #51, ED-18): a selector wherever one belongs, and nowhere else. */
export const qualifyEmoji = (text: string): string => text.replaceAll("\uFE0F", "").replace(needsSelector, "$&\uFE0F");

/** The emoji, fully qualified. Throws invalid_emoji for anything but exactly one. */
export function checkEmoji(text: string): string {
  const emoji = qualifyEmoji(text);
  if (!oneEmoji.test(emoji)) throw new ChatError("invalid_emoji");
  return emoji;
}
