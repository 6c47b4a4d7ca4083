// A coin to toss: หัว wears its face, ก้อย (the word for tails, and for the little finger) raises a pinky on its back.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { motion, question, ribbon, sparkle, star } from "./flourishes.js";
import { circlePath, disc, ink, limb, mound, paint, place, shape, spot, sticker, stroke, tone, within } from "./ink.js";

/** A coin about (0, 0) whose thickness shows to the lower right. */
function coin(r: number, rim: string, field: string, art: string): string {
  const beads = Array.from({ length: 28 }, (_, i) => {
    const a = (i * 2 * Math.PI) / 28;
    return spot(Math.cos(a) * r * 0.885, Math.sin(a) * r * 0.885, 4.5, 4.5, "#fff3c4");
  });
  return (
    disc(13, 12, r, "#c97a14") +
    disc(0, 0, r, rim) +
    beads.join("") +
    `<circle r="${r * 0.8}" fill="${field}" stroke="${ink}" stroke-width="6"/>` +
    within(
      "coin-field",
      circlePath(0, 0, r * 0.785),
      tone(
        `M${-r} ${-r * 0.2}L${-r * 0.2} ${-r}L${r * 0.12} ${-r}L${-r} ${r * 0.12}z M${-r} ${r * 0.3}L${r * 0.3} ${-r}L${r * 0.4} ${-r}L${-r} ${r * 0.4}z`,
        paint.white,
        0.35,
      ) + mound(0, r * 0.2, r * 0.9, ink),
    ) +
    art
  );
}

const pinky = (): string => {
  const fist = "M-46 6C-58 -30 -44 -52 -24 -48C-12 -62 10 -60 18 -46C34 -50 46 -38 46 -20L46 42C44 74 -36 78 -46 42z";
  const finger = "M40 18V-76";
  return (
    stroke(finger, ink, 46) +
    shape(fist, "#fff0c0") +
    stroke(finger, "#fff0c0", 27) +
    stroke("M-22 -44C-26 -34 -26 -26 -25 -20M14 -42C10 -34 10 -26 11 -20", ink, 7) +
    stroke("M24 -6V-30", ink, 7) +
    shape("M-44 -8C-66 -4 -66 30 -44 32", "#fff0c0", 9) +
    face(-4, 18, { eyes: "wink", mouth: "smirk", apart: 25 }, 0.62)
  );
};

const tail = limb("M392 268C452 280 486 236 466 200C450 172 416 190 428 214", paint.pink, 20);
const heads: Face = { eyes: "happy", mouth: "grin", apart: 56 };
const tuft = shape(
  "M224 84C206 56 216 34 240 26C238 42 244 50 254 52C260 38 276 30 292 36C280 46 282 66 276 84z",
  paint.amber,
);
const hands = (fill: string): string => disc(92, 352, 26, fill) + disc(410, 344, 26, fill);

export const coinDrawings: readonly Drawing[] = [
  {
    file: "coin.webp",
    svg: sticker(
      motion(
        "M70 330C56 280 62 220 90 176",
        "M112 370C106 360 102 352 98 342",
        "M442 176C462 216 466 270 452 318",
        "M414 138C420 144 424 150 428 156",
      ),
      place(
        256,
        246,
        coin(170, paint.gold, "#ffb52e", face(0, 4, { eyes: "dizzy", mouth: "wavy", apart: 54 }, 1.25)),
        -24,
        "1 0.72",
      ),
      stroke("M150 446C200 470 312 470 362 446", ink, 9, 0.9),
      stroke("M196 482C230 490 282 490 316 482", ink, 9, 0.9),
      question(408, 126, 120, paint.coral, 14),
      question(106, 140, 84, paint.sky, -14),
      sparkle(256, 50, 30, paint.mint),
      sparkle(420, 396, 24),
      sparkle(84, 412, 18, paint.pink),
    ),
  },
  {
    file: "coin-heads.webp",
    svg: sticker(
      tuft,
      place(250, 226, coin(160, paint.gold, "#ffb52e", face(0, -14, heads, 1.25)), -5),
      ribbon("หัว", 252, 402, 320, paint.brick, 104, -2),
      hands(paint.gold),
      star(442, 96, 30, paint.gold, 12),
      sparkle(64, 110, 26, paint.coral),
      sparkle(462, 190, 18, paint.mint),
    ),
  },
  {
    file: "coin-tails.webp",
    svg: sticker(
      tail,
      place(244, 216, coin(162, paint.gold, "#5cc9c0", place(-6, 8, pinky(), -6, 1.25)), 4),
      ribbon("ก้อย", 252, 402, 320, paint.blue, 96, -2),
      hands(paint.gold),
      sparkle(436, 84, 26, paint.pink),
      sparkle(62, 96, 24),
      sparkle(474, 300, 17, paint.mint),
    ),
  },
];
