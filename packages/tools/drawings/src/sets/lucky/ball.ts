// ลูกแก้วตอบคำถาม: a crystal ball on a golden foot that answers in one word, and means it.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { confetti, drop, lettering, motion, question, sparkle, star } from "./flourishes.js";
import { circlePath, disc, ink, limb, mound, paint, place, shape, spot, sticker, stroke, tone, within } from "./ink.js";

interface Glass {
  readonly light: string;
  readonly mid: string;
  readonly deep: string;
}

const violet: Glass = { light: "#d9c4ff", mid: "#a07cf0", deep: "#6a48c8" };
const green: Glass = { light: "#c9f7d2", mid: "#5fd08d", deep: "#1f9a63" };
const red: Glass = { light: "#ffd0c4", mid: "#ff7a6e", deep: "#cf3346" };
const amber: Glass = { light: "#fff0b8", mid: "#ffc34a", deep: "#e88a1c" };
const blue: Glass = { light: "#cdefff", mid: "#69bff5", deep: "#2a78cf" };

/** The foot: a golden dish on two curled feet. */
const foot =
  shape("M150 424C136 470 118 482 96 484C120 504 180 498 204 450z", paint.amber) +
  shape("M362 424C376 470 394 482 416 484C392 504 332 498 308 450z", paint.amber) +
  shape("M116 380C150 408 362 408 396 380C400 424 366 458 256 458S112 424 116 380z", paint.gold) +
  tone("M124 420C160 452 352 452 388 420C368 448 330 455 256 455S144 448 124 420z", paint.amber) +
  star(256, 428, 20, paint.coral);

function ball(glass: Glass, inside: string): string {
  const [x, y, r] = [256, 222, 180];
  return (
    `<radialGradient id="glass" cx=".38" cy=".3" r=".8"><stop offset="0" stop-color="${glass.light}"/>
     <stop offset=".5" stop-color="${glass.mid}"/><stop offset="1" stop-color="${glass.deep}"/></radialGradient>` +
    foot +
    disc(x, y, r, "url(#glass)") +
    within("ball", circlePath(x, y, r - 5), mound(x, y + 70, r, ink)) +
    stroke(
      `M${x - 142} ${y - 40}C${x - 130} ${y - 94} ${x - 98} ${y - 124} ${x - 66} ${y - 136}`,
      paint.white,
      17,
      0.9,
    ) +
    spot(x - 36, y - 148, 10, 8, paint.white, 0.9) +
    stroke(
      `M${x + 96} ${y + 126}C${x + 124} ${y + 104} ${x + 140} ${y + 78} ${x + 147} ${y + 48}`,
      paint.white,
      9,
      0.5,
    ) +
    inside
  );
}

const glove = (x: number, y: number, angle = 0, flip: 1 | -1 = 1): string =>
  place(
    x,
    y,
    shape("M-26 6C-32 -18 -14 -34 4 -30C10 -48 32 -44 28 -24C40 -10 36 26 6 32C-12 34 -22 22 -26 6z", paint.white) +
      stroke("M4 -30C8 -20 8 -14 4 -8", ink, 7),
    angle,
    `${flip} 1`,
  );

function answer(word: string, size: number, glass: Glass, look: Face, ...around: readonly string[]): string {
  return sticker(
    place(10, 6, ball(glass, lettering(word, 256, 218, size, paint.white) + face(256, 288, look, 1)), 0, 0.96),
    ...around,
  );
}

export const ballDrawings: readonly Drawing[] = [
  {
    file: "ball.webp",
    svg: sticker(
      place(
        10,
        6,
        ball(
          violet,
          question(256, 214, 150, paint.gold, -6) +
            place(352, 146, spot(0, 0, 8, 8, paint.white, 0.8)) +
            spot(150, 262, 6, 6, paint.white, 0.8) +
            spot(366, 236, 5, 5, paint.white, 0.8) +
            face(256, 282, { eyes: "closed", mouth: "o", apart: 56 }, 1.05),
        ),
        0,
        0.96,
      ),
      glove(60, 284, -10),
      glove(452, 284, 10, -1),
      motion("M30 226C24 214 24 204 28 192", "M482 226C488 214 488 204 484 192"),
      sparkle(78, 90, 30),
      sparkle(440, 84, 24, paint.mint),
      sparkle(456, 394, 20, paint.pink),
    ),
  },
  {
    file: "ball-yes.webp",
    svg: answer(
      "ใช่",
      150,
      green,
      { eyes: "happy", mouth: "grin", apart: 58 },
      glove(52, 200, -24),
      glove(460, 200, 24, -1),
      confetti([70, 80, 20], [120, 34, -30], [440, 60, 40], [478, 120, -20], [34, 130, 70], [400, 28, 10]),
    ),
  },
  {
    file: "ball-no.webp",
    svg: answer(
      "ไม่",
      150,
      red,
      { eyes: "angry", mouth: "frown", apart: 58 },
      limb("M410 330C400 400 300 410 190 366", paint.white, 22) +
        glove(180, 356, -60) +
        limb("M102 330C112 400 212 410 322 366", paint.white, 22) +
        glove(332, 356, 60, -1),
      motion("M84 76L58 50", "M58 128L24 116", "M428 76L454 50", "M454 128L488 116"),
    ),
  },
  {
    file: "ball-maybe.webp",
    svg: answer(
      "อาจจะ",
      98,
      amber,
      { eyes: "up", mouth: "wavy", apart: 50 },
      glove(52, 318, -50),
      glove(460, 318, 50, -1),
      drop(424, 90, 20, 18),
      question(74, 110, 76, paint.coral, -16),
    ),
  },
  {
    file: "ball-ask-again.webp",
    svg: answer(
      "ถามใหม่",
      80,
      blue,
      { eyes: "wink", mouth: "tongue", apart: 54 },
      glove(462, 240, 30, -1),
      glove(54, 316, -30),
      stroke("M404 66C440 78 462 104 468 138M450 124L470 142L486 118", ink, 10),
      question(70, 122, 84, paint.gold, -14),
    ),
  },
];
