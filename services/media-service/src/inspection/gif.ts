// Whether a GIF is all there: decoders show one that was cut off without an error.

/**
 * Whether it ends with its trailer, or where a block ends: some encoders leave the trailer out (GIF89a, 12–27). What follows the trailer does
 * not matter; zeros may stand between blocks.
 */
export function isWholeGif(gif: Uint8Array): boolean {
  let at = 13 + colourTableBytes(gif[10]);
  while (at < gif.length) {
    const block = gif[at];
    if (block === 0x3b) return true;
    if (block === 0) {
      at++;
      continue;
    }
    // An extension has a label; an image a descriptor, perhaps colours, and the size of its codes. Both go on in sub-blocks.
    if (block === 0x21) at += 2;
    else if (block === 0x2c) at += 10 + colourTableBytes(gif[at + 9]) + 1;
    else return false;
    for (let length = gif[at++]; length !== 0; length = gif[at++]) {
      if (length === undefined) return false;
      at += length;
    }
  }
  return at === gif.length;
}

const colourTableBytes = (flags = 0): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
