// ไพ่: a playing card that shows its suit, each suit with a temper of its own.
import type { Drawing } from "../../render.js";
import { type Face, face, heartPath } from "./faces.js";
import { heart, lettering, motion, print, question, sparkle, star } from "./flourishes.js";
import { box, disc, ink, limb, oval, paint, place, shape, sticker, tone } from "./ink.js";

const suits = {
  hearts: heartPath(20),
  diamonds: "M0 -21C6 -13 12 -6 20 0C12 6 6 13 0 21C-6 13 -12 6 -20 0C-12 -6 -6 -13 0 -21z",
  clubs:
    "M0 -20C9 -20 14 -11 9 -4C17 -7 23 1 19 8C15 15 6 13 3 7C3 13 5 17 8 20H-8C-5 17 -3 13 -3 7C-6 13 -15 15 -19 8C-23 1 -17 -7 -9 -4C-14 -11 -9 -20 0 -20z",
  spades:
    "M0 -20C4 -12 20 -4 19 7C18 15 7 15 3 8C3 13 5 17 8 20H-8C-5 17 -3 13 -3 8C-7 15 -18 15 -19 7C-20 -4 -4 -12 0 -20z",
} as const;

/** A suit's sign about (0, 0), some 40 × `scale` units wide. */
const sign = (suit: keyof typeof suits, fill: string, scale: number, outlined = true): string =>
  outlined
    ? `<g transform="scale(${scale})">${shape(suits[suit], fill, 9 / scale)}</g>`
    : `<g transform="scale(${scale})">${tone(suits[suit], fill)}</g>`;

const blank = (fill: string): string => box(0, 0, 288, 388, 34, fill);

const back = (art: string): string =>
  blank(paint.cream) +
  `<rect x="-122" y="-172" width="244" height="344" rx="20" fill="#4d6fd6" stroke="${ink}" stroke-width="6"/>` +
  `<rect x="-106" y="-156" width="212" height="312" rx="12" fill="none" stroke="#9db4ff" stroke-width="6"/>` +
  [
    [-74, -122],
    [74, -122],
    [-74, 122],
    [74, 122],
  ]
    .map(([x = 0, y = 0]) => place(x, y, sign("diamonds", "#9db4ff", 0.9, false)))
    .join("") +
  art;

const leg = (x: number, fill: string): string => limb(`M${x} 430V462`, fill, 18) + oval(x, 472, 32, 17, fill);

function dealt(
  suit: keyof typeof suits,
  name: string,
  fill: string,
  look: Face,
  lift: number,
  hands: readonly [number, number],
  ...around: readonly string[]
): string {
  const corner = print("A", -112, -124, 58, fill) + place(-112, -92, sign(suit, fill, 1.05, false));
  return sticker(
    limb(`M130 270Q70 ${(270 + hands[0]) / 2 + 20} 62 ${hands[0]}`, fill) +
      limb(`M384 270Q444 ${(270 + hands[1]) / 2 + 20} 450 ${hands[1]}`, fill),
    disc(60, hands[0], 24, fill),
    disc(452, hands[1], 24, fill),
    place(
      256,
      226,
      blank(paint.cream) +
        tone(
          "M139 -150V160Q139 189 110 189H-110Q-139 189 -139 160C-60 178 90 176 108 130C130 70 128 -60 139 -150z",
          paint.sand,
          0.55,
        ) +
        corner +
        place(0, 0, corner, 180) +
        place(2, 0, sign(suit, fill, 6.3)) +
        face(4, lift, { cheek: "#ff9aa5", ...look }, 0.98),
      -4,
    ),
    lettering(name, 256, 476, name.length > 8 ? 66 : 84, paint.white),
    ...around,
  );
}

export const cardDrawings: readonly Drawing[] = [
  {
    file: "card.webp",
    svg: sticker(
      leg(206, "#4d6fd6") + leg(312, "#4d6fd6"),
      place(322, 262, blank(paint.cream) + place(94, -132, sign("spades", "#4a4a78", 1.7, false)), 22, 0.84),
      place(192, 262, blank(paint.cream) + place(-94, -132, sign("hearts", paint.red, 1.7, false)), -22, 0.84),
      place(256, 250, back(disc(0, 10, 96, paint.cream) + face(0, 6, { eyes: "up", mouth: "o" }, 1)), 2, 0.94),
      question(128, 96, 96, paint.gold, -14),
      question(396, 96, 96, paint.coral, 14),
      sparkle(70, 410, 24, paint.mint),
      sparkle(444, 420, 22, paint.pink),
    ),
  },
  {
    file: "card-hearts.webp",
    svg: dealt(
      "hearts",
      "โพแดง",
      paint.red,
      { eyes: "happy", mouth: "grin", apart: 42 },
      -16,
      [196, 190],
      heart(66, 110, 26, paint.pink, -14),
      heart(450, 100, 30, paint.coral, 14),
    ),
  },
  {
    file: "card-diamonds.webp",
    svg: dealt(
      "diamonds",
      "ข้าวหลามตัด",
      paint.coral,
      { eyes: "star", mouth: "smile", apart: 34 },
      0,
      [300, 196],
      sparkle(62, 120, 28, paint.sky),
      sparkle(452, 96, 30),
      sparkle(66, 220, 16, paint.mint),
    ),
  },
  {
    file: "card-clubs.webp",
    svg: dealt(
      "clubs",
      "ดอกจิก",
      paint.leaf,
      { eyes: "wink", mouth: "tongue", apart: 46 },
      14,
      [196, 300],
      star(62, 100, 28, paint.gold, -12),
      sparkle(450, 120, 24),
    ),
  },
  {
    file: "card-spades.webp",
    svg: dealt(
      "spades",
      "โพดำ",
      "#7374bd",
      { eyes: "sly", mouth: "smirk", apart: 44 },
      18,
      [310, 310],
      motion("M76 110L48 88", "M62 160L28 152", "M440 110L466 88", "M452 160L486 152"),
    ),
  },
];
