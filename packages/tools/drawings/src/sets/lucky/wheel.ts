// ใครเลี้ยง: a lucky wheel that says who pays for the meal.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { confetti, drop, motion, question, ribbon, sparkle } from "./flourishes.js";
import { disc, ink, paint, place, shape, spot, sticker, stroke, tone } from "./ink.js";

const slices = [paint.coral, paint.gold, paint.mint, paint.sky] as const;
const pale = ["#f7cfc6", "#f8e6bb", "#d3eee2", "#d2e8f6"] as const;

/** A wheel of eight slices about (0, 0), turned by `turn` degrees; all slices but the `won` one pale. */
function wheel(r: number, turn: number, look: Face, rim = "#d8433f", won?: number): string {
  const point = (a: number, k: number): string => {
    const rad = ((a - 90) * Math.PI) / 180;
    return `${(Math.cos(rad) * k).toFixed(1)} ${(Math.sin(rad) * k).toFixed(1)}`;
  };
  const cut = Array.from({ length: 8 }, (_, i) => {
    const [from, to] = [i * 45 - 22.5, i * 45 + 22.5];
    return `<path d="M0 0L${point(from, r * 0.86)}A${r * 0.86} ${r * 0.86} 0 0 1 ${point(to, r * 0.86)}z" fill="${won === undefined || won === i ? slices[i % 4] : pale[i % 4]}" stroke="${ink}" stroke-width="6" stroke-linejoin="round"/>`;
  });
  const bulbs = Array.from({ length: 16 }, (_, i) => {
    const [x = "0", y = "0"] = point(i * 22.5, r * 0.93).split(" ");
    return spot(Number(x), Number(y), r * 0.036, r * 0.036, i % 2 === 0 ? "#fff6c8" : "#ffb347");
  });
  return (
    disc(0, 0, r, rim) +
    place(0, 0, cut.join(""), turn) +
    bulbs.join("") +
    tone(
      `M${-r * 0.8} ${r * 0.2}A${r * 0.83} ${r * 0.83} 0 0 0 ${r * 0.8} ${r * 0.2}A${r} ${r} 0 0 1 ${-r * 0.8} ${r * 0.2}z`,
      ink,
      0.14,
    ) +
    disc(0, 0, r * 0.5, paint.cream) +
    stroke(`M${-r * 0.36} ${-r * 0.2}A${r * 0.41} ${r * 0.41} 0 0 1 ${-r * 0.08} ${-r * 0.4}`, paint.white, 8) +
    face(0, -2, look, r / 170)
  );
}

const pointer = (x: number, y: number, angle = 0): string =>
  place(
    x,
    y,
    shape("M-30 -34C-30 -58 30 -58 30 -34C30 -14 8 14 0 30C-8 14 -30 -14 -30 -34z", paint.lilac) +
      disc(0, -30, 9, paint.white, 6),
    angle,
  );

const stand =
  shape("M214 360L176 470H336L298 360z", "#a9683c") +
  shape("M146 456H366Q380 456 380 470V484H132V470Q132 456 146 456z", "#c98450");

/** A banknote about (0, 0). */
const note = (x: number, y: number, angle: number): string =>
  place(
    x,
    y,
    shape("M-44 -22Q-22 -32 0 -22T44 -22V24Q22 34 0 24T-44 24z", "#8fd8a0") + disc(0, 2, 12, "#d8f5dc", 5),
    angle,
  );

const coin = (x: number, y: number): string =>
  disc(x, y, 18, paint.gold, 8) + stroke(`M${x} ${y - 6}V${y + 6}`, paint.amber, 6);

function result(
  won: number,
  look: Face,
  fill: string,
  word: string,
  size: number,
  ...around: readonly string[]
): string {
  return sticker(
    place(256, 224, wheel(166, won * -45, look, fill, won)),
    pointer(256, 74),
    ribbon(word, 256, 416, 392, fill, size, -2),
    ...around,
  );
}

export const wheelDrawings: readonly Drawing[] = [
  {
    file: "treat.webp",
    svg: sticker(
      stand,
      place(256, 244, wheel(172, 14, { eyes: "dizzy", mouth: "wavy" })),
      pointer(256, 82, -16),
      motion(
        "M46 172C34 212 36 256 50 296",
        "M466 172C478 212 476 256 462 296",
        "M112 60C98 70 86 82 76 96",
        "M400 60C414 70 426 82 436 96",
      ),
      question(84, 466, 110, paint.gold, -12),
      question(434, 466, 110, paint.coral, 12),
    ),
  },
  {
    file: "treat-me.webp",
    svg: result(
      0,
      { eyes: "cry", mouth: "wail" },
      paint.brick,
      "เราเลี้ยง!",
      84,
      note(76, 96, -24),
      note(438, 96, 22),
      coin(54, 178),
      coin(460, 190),
      drop(446, 270, 15, -30),
    ),
  },
  {
    file: "treat-you.webp",
    svg: result(
      1,
      { eyes: "sly", mouth: "smirk" },
      "#e88a1c",
      "เธอเลี้ยง!",
      84,
      sparkle(68, 100, 28),
      sparkle(446, 110, 24, paint.pink),
      confetti([44, 190, 30], [470, 200, -30]),
    ),
  },
  {
    file: "treat-split.webp",
    svg: result(
      2,
      { eyes: "happy", mouth: "cat" },
      paint.forest,
      "หารเท่า!",
      90,
      coin(72, 96),
      coin(48, 148),
      coin(440, 96),
      coin(464, 148),
    ),
  },
  {
    file: "treat-next.webp",
    svg: result(
      3,
      { eyes: "wink", mouth: "tongue" },
      paint.blue,
      "คนถัดไป!",
      86,
      question(68, 136, 96, paint.gold, -14),
      motion("M420 84L456 64", "M436 126L478 116"),
    ),
  },
];
