// The words on the stickers, in Mali, on a bow or straight, with a dark line around each letter.
import { at, coral, type Hue, ink, type Point } from "./pen.js";

/** How words are set. `size` is the font size; `bow` lifts the middle of the line (px); `turn` in degrees. */
export interface WordLook {
  readonly size?: number;
  readonly fill?: Hue;
  readonly bow?: number;
  readonly turn?: number;
  readonly line?: string;
}

/** Words centred on `center` (the middle of their baseline). */
export function words(text: string, center: Point, look: WordLook = {}): string {
  const { size = 92, fill = coral, bow = 0, turn = 0, line = ink } = look;
  const paint = `tone${fill.base.slice(1)}${fill.shade.slice(1)}`;
  const tone = `<linearGradient id="${paint}" x2="0" y2="1"><stop offset=".56" stop-color="${fill.base}"/><stop offset=".62" stop-color="${fill.shade}"/></linearGradient>`;
  const style = `font-family="Mali" font-weight="700" font-size="${size}" text-anchor="middle" fill="url(#${paint})"
    stroke="${line}" stroke-width="${size * 0.16}" stroke-linejoin="round" paint-order="stroke"`;
  if (bow === 0) return at(center, `${tone}<text ${style}>${text}</text>`, turn);
  const id = `bow${Math.round(center[0])}x${Math.round(center[1])}`;
  return at(
    center,
    `${tone}<defs><path id="${id}" d="M -260 ${bow * 1.6} Q 0 ${-bow * 1.6} 260 ${bow * 1.6}"/></defs>
     <text ${style}><textPath href="#${id}" startOffset="50%">${text}</textPath></text>`,
    turn,
  );
}

/** Letters that each stand by themselves: `[letter, x, y, size, turn]`. */
export function loose(
  letters: readonly (readonly [string, number, number, number, number])[],
  fills: readonly Hue[],
): string {
  return letters
    .map(([letter, x, y, size, turn], i) =>
      words(letter, [x, y], { size, turn, fill: fills[i % fills.length] ?? coral }),
    )
    .join("");
}
