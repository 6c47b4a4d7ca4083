// เซียมซี: a bamboo cup of fortune sticks, and the slip that it gives.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { confetti, drop, motion, print, question, sparkle, star } from "./flourishes.js";
import { disc, ink, limb, lineWidth, oval, paint, place, shape, sticker, stroke, tone } from "./ink.js";

/** A fortune stick whose lower end is at (x, y). */
function stick(x: number, y: number, length: number, angle: number): string {
  return place(
    x,
    y,
    shape(`M-11 0V${-length + 12}Q-11 ${-length} 0 ${-length}Q11 ${-length} 11 ${-length + 12}V0z`, "#ffe0a0", 8) +
      tone(
        `M-7 ${-length + 12}Q-7 ${-length + 4} 0 ${-length + 4}Q7 ${-length + 4} 7 ${-length + 12}V${-length + 46}H-7z`,
        paint.red,
      ),
    angle,
  );
}

/** The cup about (0, 0), 220 wide and 250 high, with its sticks. */
function cup(look: Face, sticks: string): string {
  const body = "M-108 -96L-92 112C-88 146 88 146 92 112L108 -96z";
  return (
    oval(0, -96, 108, 36, "#7c2a20") +
    sticks +
    shape(`${body.slice(0, -1)}C104 -56 -104 -56 -108 -96z`, "#e8584a") +
    tone("M40 -68C70 -72 96 -80 103 -92L87 112C86 124 70 130 46 134C60 80 58 0 40 -68z", "#8a1f26", 0.3) +
    tone("M-86 -66L-72 100C-70 110 -62 116 -52 120L-62 -60z", paint.white, 0.25) +
    stroke("M-104 -48C-96 -10 96 -10 104 -48", ink, 2 * lineWidth + 8) +
    stroke("M-104 -48C-96 -10 96 -10 104 -48", paint.gold, 13) +
    stroke("M-90 92C-80 124 80 124 90 92", ink, 2 * lineWidth + 6) +
    stroke("M-90 92C-80 124 80 124 90 92", paint.gold, 12) +
    face(0, 34, look, 1.02)
  );
}

const rattling =
  stick(-56, -60, 120, -24) +
  stick(62, -60, 118, 26) +
  stick(-26, -60, 150, -9) +
  stick(34, -60, 140, 12) +
  stick(2, -60, 128, 2);

interface Slip {
  readonly words: readonly string[];
  readonly size: number;
  readonly stars: number;
  readonly paper: string;
  readonly border: string;
  readonly letters: string;
}

/** The slip about (0, 0), 284 wide and 340 high. */
function slip({ words, size, stars, paper, border, letters }: Slip): string {
  const row = Array.from({ length: stars }, (_, i) =>
    star(
      (i - (stars - 1) / 2) * 53,
      words.length === 1 ? -82 : -98,
      words.length === 1 ? 30 : 26,
      paint.gold,
      i % 2 === 0 ? -6 : 6,
    ),
  );
  const top = words.length === 1 ? 54 : 22;
  return (
    shape(
      "M-134 -170H134Q142 -170 142 -162V162Q142 170 134 170H-134Q-142 170 -142 162V-162Q-142 -170 -134 -170z",
      border,
    ) +
    `<rect x="-121" y="-149" width="242" height="298" rx="12" fill="${paper}" stroke="${paint.gold}" stroke-width="8"/>` +
    row.join("") +
    (words.length === 1 ? stroke("M-62 98C-46 82 -34 82 -20 96S8 110 22 96S50 82 64 96", paint.gold, 9) : "") +
    words.map((word, i) => print(word, 0, top + i * size * 1.02, size, letters)).join("")
  );
}

function fortune(paperSlip: Slip, look: Face, ...around: readonly string[]): string {
  return sticker(
    place(338, 206, slip(paperSlip), 4),
    place(
      124,
      362,
      cup(look, stick(-52, -60, 100, -20) + stick(54, -60, 84, 22) + stick(-2, -60, 196, 6) + stick(24, -60, 96, 8)),
      -6,
      0.84,
    ),
    limb("M206 372C222 388 240 388 256 376", "#e8584a", 20) + disc(264, 370, 24, "#e8584a"),
    ...around,
  );
}

export const siamsiDrawings: readonly Drawing[] = [
  {
    file: "siamsi.webp",
    svg: sticker(
      stick(392, 190, 150, 40),
      place(244, 330, cup({ eyes: "squeeze", mouth: "wavy", apart: 50 }, rattling), 14, 1.08),
      motion("M70 230C48 280 50 340 74 388", "M432 310C448 348 444 396 420 432"),
      question(104, 170, 116, paint.gold, -12),
      question(440, 264, 76, paint.sky, 16),
      sparkle(320, 64, 26, paint.mint),
      sparkle(206, 70, 17, paint.pink),
    ),
  },
  {
    file: "siamsi-great.webp",
    svg: fortune(
      { words: ["โชคดี", "มาก!"], size: 84, stars: 4, paper: "#fff0b3", border: "#e03a3e", letters: "#c9202f" },
      { eyes: "star", mouth: "grin", apart: 52 },
      sparkle(52, 90, 30),
      confetti([110, 60, 20], [36, 170, -40], [150, 140, 30], [46, 220, 20]),
    ),
  },
  {
    file: "siamsi-good.webp",
    svg: fortune(
      { words: ["โชคดี"], size: 79, stars: 3, paper: "#fff7e0", border: "#ef6f3c", letters: "#d8432f" },
      { eyes: "happy", mouth: "grin", apart: 52 },
      sparkle(60, 110, 26),
      sparkle(120, 66, 17, paint.mint),
    ),
  },
  {
    file: "siamsi-fair.webp",
    svg: fortune(
      { words: ["พอใช้"], size: 79, stars: 2, paper: "#effaf0", border: "#3fae87", letters: "#1f7f62" },
      { eyes: "open", mouth: "smile", apart: 48 },
      sparkle(66, 120, 22, paint.mint),
    ),
  },
  {
    file: "siamsi-poor.webp",
    svg: fortune(
      { words: ["ระวัง", "หน่อย"], size: 84, stars: 1, paper: "#eef0fa", border: "#6f74b8", letters: "#454a96" },
      { eyes: "worried", mouth: "wavy", apart: 48 },
      drop(44, 230, 17, 16) + drop(72, 166, 13, 8),
    ),
  },
];
