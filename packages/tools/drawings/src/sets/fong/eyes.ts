// Fong's eyes, brows and cheeks. Every pair is drawn around 0,0, half way between the eyes.
import { at, ink, oval, type Point, patch, rose, sea, stroke } from "./pen.js";

const apart = 54;
const pair = (draw: (side: 1 | -1) => string, gap = apart) =>
  ([-1, 1] as const).map((side) => at([side * gap, 0], draw(side))).join("");

function pupil(rx: number, ry: number, [lx, ly]: Point): string {
  return [
    oval([lx, ly], rx, ry, ink),
    oval([lx, ly + ry * 0.55], rx * 0.6, ry * 0.3, "#a8505c"),
    oval([lx - rx * 0.32, ly - ry * 0.4], rx * 0.42, ry * 0.36, "#fff"),
    oval([lx + rx * 0.4, ly + ry * 0.22], rx * 0.2, ry * 0.17, "#fff"),
  ].join("");
}

/** Big shining eyes, looking `look` units off the middle. */
export const shining = (look: Point = [0, 0], size = 1): string => pair(() => pupil(21 * size, 27 * size, look));

/** Eyes shut with joy: two arches. */
export const joyful = (): string => pair(() => stroke("M -24 10 C -18 -16 18 -16 24 10", 10));

/** Eyes shut in peace: two hanging bows with a lash. */
export const peaceful = (): string =>
  pair((side) => stroke("M -24 -6 C -16 14 16 14 24 -6", 10) + stroke(`M ${side * 22} -2 L ${side * 32} 4`, 7));

/** Squeezed shut: > <. */
export const squeezed = (): string => pair((side) => at([0, 0], stroke("M 20 -20 L -18 0 L 20 20", 10), 0, [side, 1]));

/** Eyes that start out of the head. */
export const startled = (): string =>
  pair(
    (side) =>
      oval([0, 0], 34, 40, ink) +
      oval([0, 0], 27, 33, "#fff") +
      oval([side * -3, 2], 10, 12, ink) +
      oval([side * -3 - 3, -2], 4, 4, "#fff"),
  );

/** Puppy eyes swimming in tears, looking up. */
export const tearful = (): string =>
  pair((side) =>
    [
      pupil(25, 30, [0, 0]),
      oval([4, 8], 8, 6, "#fff", 0.9),
      patch(
        "M -24 12 C -16 2 -8 18 0 10 C 8 2 16 18 24 10 C 20 28 10 31 0 31 C -12 31 -20 26 -24 12 Z",
        sea.light,
        0.95,
      ),
      oval([side * 22, 30], 9, 11, sea.base),
      oval([side * 22 - 3, 27], 3, 4, "#fff"),
    ].join(""),
  );

/** Glaring under slanted lids. */
export const glaring = (lid: string): string =>
  pair((side) =>
    at(
      [0, 0],
      `${oval([0, 4], 19, 24, ink)}${oval([-5, 6], 6, 6, "#fff")}${patch("M -34 -30 L 34 -30 L 34 -14 L -30 8 Z", lid)}${stroke("M -30 8 L 30 -14", 9)}`,
      0,
      [side, 1],
    ),
  );

/** One eye a spiral, the other a dot: the world makes no sense. */
export const dazed = (): string =>
  at([-apart, 0], stroke("M 0 0 C 6 -4 10 4 4 9 C -6 14 -16 4 -12 -8 C -6 -22 18 -22 22 -2 C 24 18 8 28 -8 26", 8)) +
  at([apart, 0], stroke("M 0 0 C -6 -4 -10 4 -4 9 C 6 14 16 4 12 -8 C 6 -22 -18 -22 -22 -2 C -24 18 -8 28 8 26", 8));

/** One eye big and open, one shut with a grin. */
export const winking = (): string =>
  at([-apart, 0], pupil(21, 27, [2, 0])) + at([apart, 2], stroke("M -24 8 C -16 -14 16 -14 24 8", 10));

/** Eyes with stars in them, for food and fights. */
export const starry = (color: string): string =>
  pair(() => {
    const star = "M 0 -15 C 2 -5 5 -2 15 0 C 5 2 2 5 0 15 C -2 5 -5 2 -15 0 C -5 -2 -2 -5 0 -15 Z";
    return (
      oval([0, 0], 25, 30, ink) +
      at([-1, -3], patch(star, color), 10, 1.15) +
      oval([11, 15], 4.5, 4.5, "#fff") +
      oval([-12, 14], 3, 3, "#fff")
    );
  });

/** Brows: `slant` above 0 is angry, below 0 worried; `lift` moves them up. */
export const brows = (slant: number, lift = 44, gap = apart): string =>
  pair((side) => at([0, -lift], stroke("M -17 2 C -8 -5 8 -5 17 2", 9), side * -slant), gap);

/** Rosy cheeks at `apart` from the middle, with three little strokes when very warm. */
export const cheeks = (gap = 92, warm = false, size = 1): string =>
  pair(
    () =>
      oval([0, 0], 23 * size, 15 * size, rose.base, warm ? 0.62 : 0.42) +
      (warm ? stroke("M -10 5 L -5 -6 M 0 5 L 5 -6 M 10 5 L 15 -6", 4.5, rose.shade) : ""),
    gap,
  );
