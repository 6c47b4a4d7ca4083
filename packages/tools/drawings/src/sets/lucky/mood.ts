// พยากรณ์ใจ: today's mood as weather.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { confetti, drop, heart, lettering, motion, question, sparkle } from "./flourishes.js";
import { disc, ink, limb, paint, place, shape, sticker, stroke, tone } from "./ink.js";

/** A plump cloud about (0, 0), 380 wide and 190 high. */
function cloud(fill: string, shade: string, look: Face): string {
  const d =
    "M-150 92C-204 92 -210 14 -160 0C-170 -66 -96 -92 -62 -58C-36 -118 62 -116 76 -54C124 -78 172 -36 154 6C204 16 196 92 148 92z";
  return (
    shape(d, fill) +
    tone(
      "M-150 88C-180 88 -192 64 -188 42C-150 76 60 76 120 40C150 22 156 -6 148 -30C162 -16 162 0 154 8C198 20 190 88 148 88z",
      shade,
    ) +
    stroke("M-140 -8C-142 -30 -130 -48 -108 -52M-34 -72C-20 -88 0 -92 16 -88", paint.white, 11, 0.9) +
    face(0, 16, look, 1.16)
  );
}

const rays = (x: number, y: number, r: number, count = 12): string =>
  Array.from({ length: count }, (_, i) => {
    const tip = i % 2 === 0 ? 1.52 : 1.36;
    const w = (r * 2.4) / count;
    const ray = shape(
      `M${-w} ${-r * 1.02}Q0 ${-r * tip * 1.2} ${w} ${-r * 1.02}z`,
      i % 2 === 0 ? paint.gold : paint.amber,
    );
    return place(x, y, ray, (i * 360) / count);
  }).join("");

/** A glass of iced tea with milk. */
const tea = (x: number, y: number): string =>
  place(
    x,
    y,
    stroke("M10 -40L26 -92", ink, 22) +
      stroke("M10 -40L26 -92", paint.coral, 7) +
      shape("M-44 -50H44L32 56H-32z", "#f08a3c") +
      tone("M-38 -45H38L35 -16C20 -6 6 -22 -10 -12S-30 -10 -35 -18z", "#fff0d8") +
      stroke("M-24 6L-20 36", paint.white, 8, 0.8) +
      stroke("M-50 -50H50", ink, 12),
    8,
  );

const bolt = (x: number, y: number, angle: number, scale = 1): string =>
  place(x, y, shape("M6 -58L-30 8H-6L-18 60L32 -14H6L24 -58z", paint.gold, 9), angle, scale);

const arc = (r: number, colour: string, width: number): string =>
  `<path d="M${256 - r} 330A${r} ${r} 0 0 1 ${256 + r} 330" fill="none" stroke="${colour}" stroke-width="${width}"/>`;

function rainbow(): string {
  const bands = ["#ff6b6b", "#ff9f43", "#ffd84a", "#6fd58b", "#5fb4f5", "#a98bf0"];
  return (
    `<path d="M130 336V330A126 126 0 0 1 382 330V336" fill="none" stroke="${ink}" stroke-width="172"/>` +
    bands.map((c, i) => arc(199 - i * 26 - 6, c, 28)).join("")
  );
}

const caption = (text: string, fill: string): string => lettering(text, 256, text.endsWith("ๆ") ? 456 : 474, 92, fill);

export const moodDrawings: readonly Drawing[] = [
  {
    file: "mood.webp",
    svg: sticker(
      rays(146, 138, 60, 8) + disc(146, 138, 60, paint.gold),
      bolt(396, 350, -14, 1.15),
      drop(120, 366, 25, 10) + drop(190, 402, 25, 6) + drop(262, 374, 22, 6),
      place(262, 226, cloud("#e6f2ff", "#bcd6f2", { eyes: "up", mouth: "o", apart: 52 })),
      question(350, 124, 130, paint.coral, 12),
      question(452, 150, 80, paint.gold, 20),
      motion("M40 250C34 270 34 290 40 308", "M486 250C492 268 492 286 488 302"),
      sparkle(320, 448, 22, paint.pink),
    ),
  },
  {
    file: "mood-sunny.webp",
    svg: sticker(
      rays(256, 206, 118),
      disc(256, 206, 122, paint.gold),
      tone("M374 206A118 118 0 0 1 150 258C240 300 350 250 346 130A118 118 0 0 1 374 206z", paint.amber, 0.7),
      stroke("M162 178C170 148 190 126 214 114", paint.white, 13, 0.9),
      face(252, 204, { eyes: "happy", mouth: "grin", apart: 54 }, 1.3),
      caption("สดใส!", paint.gold),
      sparkle(70, 340, 26, paint.coral) + sparkle(446, 344, 24, paint.mint),
    ),
  },
  {
    file: "mood-chill.webp",
    svg: sticker(
      rays(364, 140, 72, 8) + disc(364, 140, 72, paint.gold),
      place(246, 240, cloud("#f4faff", "#cfe3f5", { eyes: "closed", mouth: "cat", apart: 54 }), -2),
      tea(408, 340) + limb("M352 322C362 346 374 352 388 348", "#f4faff", 18),
      place(-52, 0, caption("ชิล ๆ", paint.sky)),
      stroke("M52 120C74 106 92 130 114 116M84 84C104 72 120 92 140 80", ink, 9),
      sparkle(62, 440, 20, paint.mint),
    ),
  },
  {
    file: "mood-rain.webp",
    svg: sticker(
      drop(96, 342, 24, 8) + drop(170, 372, 20, 8) + drop(340, 372, 20, 8) + drop(418, 342, 24, 8),
      place(256, 196, cloud("#a9c4e4", "#7f9fca", { eyes: "cry", mouth: "wail", apart: 56 }), 0, 1.08),
      drop(180, 260, 15) + drop(332, 260, 15),
      caption("เหงา ๆ", "#a5dcff"),
    ),
  },
  {
    file: "mood-storm.webp",
    svg: sticker(
      bolt(110, 330, 14, 1.1) + bolt(404, 330, -14, 1.1),
      place(256, 200, cloud("#8c7fc0", "#6a5da3", { eyes: "angry", mouth: "teeth", apart: 58 }), 0, 1.08),
      motion("M96 92L66 66", "M142 64L124 30", "M416 92L446 66", "M370 64L388 30"),
      caption("เดือด!", paint.coral),
    ),
  },
  {
    file: "mood-rainbow.webp",
    svg: sticker(
      rainbow(),
      place(132, 338, cloud(paint.white, "#d3e6f7", { eyes: "happy", mouth: "smile", apart: 44 }), -4, 0.56),
      place(384, 338, cloud(paint.white, "#d3e6f7", { eyes: "happy", mouth: "grin", apart: 44 }), 4, 0.56),
      caption("มีหวัง!", paint.pink),
      heart(256, 318, 30, paint.red, -6),
      sparkle(60, 112, 24) + sparkle(452, 112, 24, paint.mint),
      confetti([110, 60, 20], [404, 54, -30], [256, 32, 10]),
    ),
  },
];
