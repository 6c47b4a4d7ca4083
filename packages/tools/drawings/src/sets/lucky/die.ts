// A chunky die: a cube in orthographic projection that shows its number on top and wears its face in front.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { confetti, drop, motion, question, sparkle, star } from "./flourishes.js";
import { disc, ink, limb, lineWidth, oval, paint, place, sticker } from "./ink.js";

/** Pips on a 100 × 100 side. */
const pips: Record<number, readonly (readonly [number, number])[]> = {
  1: [[50, 50]],
  2: [
    [27, 27],
    [73, 73],
  ],
  3: [
    [24, 24],
    [50, 50],
    [76, 76],
  ],
  4: [
    [27, 27],
    [73, 27],
    [27, 73],
    [73, 73],
  ],
  5: [
    [25, 25],
    [75, 25],
    [50, 50],
    [25, 75],
    [75, 75],
  ],
  6: [
    [28, 22],
    [72, 22],
    [28, 50],
    [72, 50],
    [28, 78],
    [72, 78],
  ],
};

type Point = readonly [number, number];

/** Corner (x right, y up, z to the viewer) of a cube turned by `yaw` and looked down on by `pitch`, in degrees. */
function project([x, y, z]: readonly [number, number, number], yaw: number, pitch: number): Point {
  const [a, b] = [(yaw * Math.PI) / 180, (pitch * Math.PI) / 180];
  const depth = z * Math.cos(a) - x * Math.sin(a);
  return [x * Math.cos(a) + z * Math.sin(a), depth * Math.sin(b) - y * Math.cos(b)];
}

function numbers(side: number): string {
  const r = side === 1 ? 21 : 13;
  return (pips[side] ?? [])
    .map(
      ([x, y]) =>
        `<circle cx="${x}" cy="${y + 2}" r="${r}" fill="#b5332f"/><circle cx="${x}" cy="${y}" r="${r}" fill="${paint.cream}"/>`,
    )
    .join("");
}

/** The cube about (0, 0), `half` its half edge. */
function cube(half: number, yaw: number, pitch: number, sides: { top: string; front: string; right: string }): string {
  const h = half;
  const at = (x: number, y: number, z: number): Point => project([x * h, y * h, z * h], yaw, pitch);
  const faces: readonly (readonly [Point, Point, Point, string, string])[] = [
    [at(1, 1, 1), at(1, 1, -1), at(1, -1, 1), "#d94a45", sides.right],
    [at(-1, 1, 1), at(1, 1, 1), at(-1, -1, 1), "#ff7262", sides.front],
    [at(-1, 1, -1), at(1, 1, -1), at(-1, 1, 1), "#ff9583", sides.top],
  ];
  const outline = faces.map(([o, u, v]) => `M${o}L${u}L${u[0] + v[0] - o[0]} ${u[1] + v[1] - o[1]}L${v}z`).join("");
  const round = (colour: string, width: number): string =>
    `<path d="${outline}" fill="${colour}" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"/>`;
  const panels = faces.map(([o, u, v, fill, art]) => {
    const m = [u[0] - o[0], u[1] - o[1], v[0] - o[0], v[1] - o[1]].map((n) => (n / 100).toFixed(4));
    return `<g transform="matrix(${m.join(" ")} ${o[0].toFixed(1)} ${o[1].toFixed(1)})">
      <rect x="-8" y="-8" width="116" height="116" rx="26" fill="${fill}"/>${art}</g>`;
  });
  return round(ink, 52 + 2 * lineWidth) + round("#ffc0ae", 52) + panels.join("");
}

const [yaw, pitch] = [-17, 50];

function rolled(number: number, look: Face, right: number, around: string, limbs: string): string {
  const die = cube(112, yaw, pitch, {
    top: numbers(number),
    front: face(50, 46, { cheek: "#d42f3f", ...look, apart: 50 }, "0.57 0.75"),
    right: numbers(right),
  });
  return sticker(limbs, feet, place(252, 244, die, -9), around);
}

/** Two arms that end in hands at the given places. */
function arms(left: Point, right: Point): string {
  const arm = ([x, y]: Point, from: number, fill: string): string => {
    const bend = from + (x - from) * 0.75;
    return limb(`M${from} 316Q${bend} ${316 + (y > 316 ? -8 : 8)} ${x} ${y}`, fill, 20) + disc(x, y, 24, fill);
  };
  return arm(left, 96, "#ff7262") + arm(right, 408, "#e9564f");
}

const armsUp = arms([44, 206], [468, 200]);
const armsDown = arms([50, 384], [458, 376]);
const armsOut = arms([44, 286], [468, 276]);
const feet = oval(190, 446, 46, 26, "#ff7262") + oval(312, 440, 46, 26, "#e9564f");

export const dieDrawings: readonly Drawing[] = [
  {
    file: "die.webp",
    svg: sticker(
      place(
        256,
        268,
        cube(104, -38, 36, {
          top: numbers(5),
          front: face(50, 45, { eyes: "dizzy", mouth: "wavy", apart: 50, cheek: "#d42f3f" }, "0.66 0.76"),
          right: numbers(3),
        }),
        -24,
      ),
      motion(
        "M60 120C34 160 26 210 34 256",
        "M96 74C86 82 78 90 72 100",
        "M452 392C478 352 486 302 478 256",
        "M416 438C426 430 434 422 440 412",
      ),
      question(410, 130, 130, paint.gold, 14),
      question(104, 438, 90, paint.sky, -14),
      sparkle(330, 56, 26, paint.mint),
      sparkle(400, 456, 22),
    ),
  },
  {
    file: "die-1.webp",
    svg: rolled(1, { eyes: "cry", mouth: "wail" }, 3, drop(66, 210, 16, 20) + drop(448, 200, 16, -20), armsDown),
  },
  { file: "die-2.webp", svg: rolled(2, { eyes: "worried", mouth: "wavy" }, 3, drop(440, 170, 18, -16), armsDown) },
  { file: "die-3.webp", svg: rolled(3, { eyes: "sly", mouth: "flat" }, 1, "", armsOut) },
  { file: "die-4.webp", svg: rolled(4, { eyes: "open", mouth: "smile" }, 5, sparkle(440, 120, 24), armsOut) },
  {
    file: "die-5.webp",
    svg: rolled(
      5,
      { eyes: "happy", mouth: "grin" },
      3,
      sparkle(440, 120, 26) + sparkle(70, 130, 20, paint.mint),
      armsUp,
    ),
  },
  {
    file: "die-6.webp",
    svg: rolled(
      6,
      { eyes: "star", mouth: "grin" },
      4,
      star(440, 110, 34) +
        star(66, 120, 28, paint.gold, -16) +
        confetti([110, 66, 20], [400, 60, -30], [30, 160, 60], [478, 160, 40], [50, 466, 20], [462, 462, -20]),
      armsUp,
    ),
  },
];
