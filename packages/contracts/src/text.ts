// Texts as people see them.

/** Anything but white space, controls, what fonts show nothing of (U+200B, U+00AD, tags, Hangul fillers), and the empty Braille cell. */
const seen = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** The text without white space at its ends; empty when nothing of it is seen. */
export const visibleText = (text: string): string => (seen.test(text) ? text.trim() : "");
