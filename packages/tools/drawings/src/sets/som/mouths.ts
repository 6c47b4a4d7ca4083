// Som's mouths, under the nose, which ends at 0,44.
import { colours, fill, ink, n, oval, stroke } from "./pen.js";

/** The cat's smile, a round w. */
export const smile = (): string => stroke("M-28 52Q-25 68 -13 68Q0 68 0 50Q0 68 13 68Q25 68 28 52", 8);

/** A w whose jaw has dropped by `open` (0 to 1, 1 is a roar of laughter); `width` 1 as usual. */
export function laughing(open: number, width = 1): string {
  const w = 36 * width;
  const depth = 60 + 62 * open;
  const d = `M${n(-w)} 54Q${n(-w / 2)} 64 0 52Q${n(w / 2)} 64 ${n(w)} 54C${n(w * 1.08)} ${n(depth)} ${n(w * 0.6)} ${n(depth + 4)} 0 ${n(depth + 4)}
    C${n(-w * 0.6)} ${n(depth + 4)} ${n(-w * 1.08)} ${n(depth)} ${n(-w)} 54Z`;
  const teeth = `M${n(-w * 0.72)} 56l13 4l-7 12zM${n(w * 0.72)} 56l-13 4l7 12z`;
  return `<clipPath id="mouth"><path d="${d}"/></clipPath><g clip-path="url(#mouth)">${fill(d, colours.mouth)}
    ${oval(0, depth + 8, w * 0.72, 8 + 22 * open, colours.tongue)}${fill(teeth, "#fff")}</g>${stroke(d, 8)}`;
}

/** A howl: wide below, with a trembling lip; `shake` from −1 to 1. */
export function howling(open: number, shake: number): string {
  const h = 60 + 48 * open;
  const d = `M-20 54Q0 44 20 54C40 62 ${n(50 + shake * 2)} ${n(h - 8)} 42 ${n(h)}Q30 ${n(h + 8 - shake * 5)} 16 ${n(h - 2)}Q0 ${n(h - 8 + shake * 5)} -16 ${n(h - 2)}
    Q-30 ${n(h + 8 - shake * 5)} -42 ${n(h)}C${n(-50 + shake * 2)} ${n(h - 8)} -40 62 -20 54Z`;
  return `<clipPath id="mouth"><path d="${d}"/></clipPath><g clip-path="url(#mouth)">${fill(d, colours.mouth)}
    ${oval(0, h + 2, 30, 20 * open + 4, colours.tongue)}</g>${stroke(d, 8)}`;
}

/** A small unhappy arch; `shake` from −1 to 1. */
export const pout = (shake = 0): string =>
  stroke(
    `M-17 ${n(68 + shake * 2)}Q-9 ${n(56 - shake * 2)} 0 ${n(60 + shake)}Q9 ${n(56 + shake * 2)} 17 ${n(68 - shake * 2)}`,
    8,
  );

/** A clenched row of teeth. */
export const gritting = (): string =>
  `<rect x="-28" y="53" width="56" height="27" rx="11" fill="#fff" stroke="${ink}" stroke-width="8"/>${stroke("M-10 56V77M10 56V77M-26 66.500H26", 5)}`;

/** Full of food: a shut mouth that goes round; `turn` from −1 to 1. */
export const chewing = (turn: number): string =>
  stroke(`M-20 ${n(64 - turn * 4)}Q${n(turn * 6)} ${n(74 + turn * 3)} 20 ${n(64 + turn * 4)}`, 8);

/** Pursed around something. */
export const pursed = (size = 1): string =>
  `<ellipse cy="64" rx="${n(17 * size)}" ry="${n(14 * size)}" fill="${colours.mouth}" stroke="${ink}" stroke-width="8"/>`;
