// Fong's mouths, each drawn around 0,0, the middle of its upper lip.
import { at, ink, inside, oval, patch, rose, sea, shape, stroke } from "./pen.js";

const dark = "#8c2440";
const tongue = "#ff7f8d";

function open(d: string, tongueY: number, tongueWidth: number, extra = ""): string {
  return (
    shape(d, dark, 7) + inside(d, oval([0, tongueY], tongueWidth, tongueWidth * 0.72, tongue) + extra) + stroke(d, 7)
  );
}

/** A small content smile. */
export const smile = (): string => stroke("M -18 0 C -10 14 10 14 18 0", 8);

/** A cat's mouth, two little bows. */
export const kitten = (): string => stroke("M -22 0 C -20 14 -4 14 0 2 C 4 14 20 14 22 0", 8);

/** An open laughing mouth, `size` 1 about 60 wide. */
export const laugh = (size = 1): string =>
  at([0, 0], open("M -32 -2 C -16 -8 16 -8 32 -2 C 36 26 20 46 0 46 C -20 46 -36 26 -32 -2 Z", 40, 22), 0, size);

/** Roaring with laughter: wide, with the upper teeth showing. */
export const roar = (): string =>
  open(
    "M -52 -14 C -24 -22 24 -22 52 -14 C 60 30 34 66 0 66 C -34 66 -60 30 -52 -14 Z",
    62,
    34,
    patch("M -44 -26 L 44 -26 L 38 0 C 14 6 -14 6 -38 0 Z", "#fff"),
  );

/** A grin that shows a row of teeth, cocky at one corner. */
export const grin = (): string => {
  const lips = "M -34 -4 C -12 4 14 4 38 -10 C 38 20 18 32 -2 32 C -22 32 -34 16 -34 -4 Z";
  return (
    shape(lips, dark, 7) +
    inside(lips, patch("M -40 -12 L 42 -14 L 40 8 C 10 16 -20 14 -40 8 Z", "#fff") + oval([2, 32], 18, 10, tongue)) +
    stroke(lips, 7)
  );
};

/** A scream: a tall oval. */
export const scream = (): string =>
  open("M 0 -26 C 26 -26 34 0 34 24 C 34 54 18 66 0 66 C -18 66 -34 54 -34 24 C -34 0 -26 -26 0 -26 Z", 58, 22);

/** Wailing: a trembling square mouth, down at the corners. */
export const wail = (): string =>
  open("M -44 30 C -50 -2 -28 -16 0 -16 C 28 -16 50 -2 44 30 C 40 46 22 34 0 36 C -22 34 -40 46 -44 30 Z", 32, 26);

/** A trembling line, unsure or ashamed. */
export const tremble = (): string => stroke("M -30 4 C -24 -8 -16 -8 -10 2 C -5 10 3 10 8 2 C 14 -8 22 -8 28 6", 8);

/** Gritted teeth. */
export const gritted = (): string => {
  const lips = "M -40 10 C -36 -12 36 -12 40 10 C 38 30 -38 30 -40 10 Z";
  return (
    shape(lips, "#fff", 7) +
    inside(lips, stroke("M -20 -12 L -20 32 M 0 -14 L 0 32 M 20 -12 L 20 32 M -42 10 L 42 10", 4.5, ink)) +
    stroke(lips, 7)
  );
};

/** A small open mouth of sleep or surprise. */
export const small = (): string =>
  open("M 0 -9 C 10 -9 15 -2 15 6 C 15 14 8 18 0 18 C -8 18 -15 14 -15 6 C -15 -2 -10 -9 0 -9 Z", 18, 10);

/** An open smile with water running from its corner. */
export const drooling = (): string =>
  laugh(0.95) +
  shape("M 16 22 C 20 12 36 10 37 20 C 37 30 42 36 42 46 C 41 60 21 60 21 46 C 22 36 16 32 16 22 Z", sea.base, 6) +
  oval([29, 44], 4, 7, "#fff");

/** The blush of a very warm face, a band across the nose. */
export const flush = (): string => oval([0, 0], 118, 30, rose.base, 0.22);
