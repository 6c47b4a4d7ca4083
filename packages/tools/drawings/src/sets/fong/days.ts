// A day's course: hungry, on the way, bashful, good night.
import { dieCut } from "./die-cut.js";
import { brows, cheeks, peaceful, shining, starry } from "./eyes.js";
import { fong } from "./fong.js";
import { loose, words } from "./lettering.js";
import { foot, limb } from "./limb.js";
import { drooling, flush, laugh, small, tremble } from "./mouths.js";
import {
  at,
  candy,
  dashes,
  ink,
  inside,
  leaf,
  lilac,
  linedOval,
  night,
  oval,
  patch,
  pumpkin,
  rose,
  shape,
  snow,
  stroke,
  sun,
} from "./pen.js";
import { bubble, drop, ground, heart, puff, sparkle, star } from "./props.js";

/** Spoon and fork at the ready before a steaming bowl. */
export const hungry = (): string =>
  dieCut(
    [
      fong({
        place: [256, 298],
        build: { width: 148, height: 122 },
        face: { eyes: starry("#ffe694"), brows: brows(-10, 46), mouth: drooling(), shift: [0, -36] },
      }),
      at([76, 276], spoon(), -8),
      at([436, 276], fork(), 8),
      limb([128, 352], [80, 360], [78, 308], { from: 40, to: 44 }),
      limb([384, 352], [432, 360], [434, 308], { from: 40, to: 44 }),
      bowl(),
      words("หิวแล้ว", [256, 108], { size: 92, fill: pumpkin, bow: 4 }),
    ].join(""),
    [0.98, 3, 10],
  );

function spoon(): string {
  return (
    stroke("M 0 70 L 0 -20", 22) +
    stroke("M 0 70 L 0 -20", 9, "#cfd8e6") +
    linedOval([0, -58], 25, 36, "#e6edf6") +
    stroke("M -8 -72 C -13 -62 -12 -52 -8 -46", 7, "#fff")
  );
}

function fork(): string {
  const head =
    "M -26 -92 L -26 -52 C -26 -34 -12 -26 0 -26 C 12 -26 26 -34 26 -52 L 26 -92 L 13 -92 L 13 -56 L 7 -56 L 7 -92 L -7 -92 L -7 -56 L -13 -56 L -13 -92 Z";
  return stroke("M 0 70 L 0 -26", 22) + stroke("M 0 70 L 0 -26", 9, "#cfd8e6") + shape(head, "#e6edf6", 7);
}

function bowl(): string {
  const cup = "M -134 0 C -130 64 -84 100 -50 104 L 50 104 C 84 100 130 64 134 0 Z";
  const stripes = stroke("M -124 30 C -60 50 60 50 124 30", 12, "#4b7fd1") + heart([0, 72], 0.42, 0, rose, 5);
  const noodles =
    "M -122 -4 C -120 -34 -84 -34 -78 -22 C -66 -48 -24 -46 -16 -26 C -2 -50 40 -48 46 -24 C 60 -42 98 -38 100 -18 C 112 -26 124 -16 122 -4 Z";
  const soup =
    shape(noodles, "#ffd978") +
    stroke(
      "M -100 -10 C -90 -24 -70 -22 -62 -8 M -40 -10 C -30 -32 0 -30 4 -10 M 26 -10 C 36 -32 66 -30 72 -10",
      6,
      sun.shade,
    );
  const toppings =
    at([74, -30], linedOval([0, 0], 26, 22, "#fff", 7) + oval([2, 0], 12, 11, sun.base), 10) +
    at([-70, -30], shape("M -20 6 C -24 -16 0 -30 16 -26 C 14 -6 2 10 -20 6 Z", leaf.base, 7), -10);
  const rim = shape(
    "M -146 -10 C -146 -20 146 -20 146 -10 C 146 8 136 12 120 14 C 60 22 -60 22 -120 14 C -136 12 -146 8 -146 -10 Z",
    "#fff",
  );
  return at(
    [256, 388],
    soup +
      toppings +
      shape(cup, "#fff") +
      inside(cup, stripes + patch("M 40 110 C 90 90 120 50 122 0 L 140 0 L 140 110 Z", "#d9e6f5")) +
      stroke(cup) +
      rim,
  );
}

/** Late, and running. */
export const running = (): string =>
  dieCut(
    [
      ground([280, 484], 110),
      fong({
        place: [284, 304],
        turn: 14,
        build: { width: 140, height: 122, front: [22, 0], knot: -44 },
        behind: [
          limb([0, 100], [-10, 162], [-66, 162], { from: 48, to: 42 }),
          foot([-80, 158], 100),
          limb([108, 0], [164, -10], [160, -64]),
          limb([-100, 10], [-172, 40], [-178, -20], { from: 44 }),
        ].join(""),
        face: { eyes: shining([8, 0]), brows: brows(12, 46), mouth: laugh(0.95), shift: [30, -6], cheeks: cheeks(82) },
        front: [limb([50, 96], [110, 150], [134, 110], { from: 50, to: 44 }), foot([152, 104], -42)].join(""),
      }),
      drop([438, 160], 0.7, -60),
      drop([176, 176], 0.6, 50),
      puff([84, 440], 1.1),
      puff([44, 380], 0.6, -10),
      puff([140, 470], 0.6, 10),
      dashes(
        [
          [
            [28, 226],
            [108, 226],
          ],
          [
            [18, 276],
            [84, 276],
          ],
          [
            [40, 326],
            [100, 326],
          ],
        ],
        9,
      ),
      words("กำลังไป!", [256, 114], { size: 92, fill: leaf, turn: -5 }),
    ].join(""),
    [0.996, 10, 2],
  );

/** Both hands on burning cheeks, one foot drawing circles. */
export const bashful = (): string =>
  dieCut(
    [
      ground([250, 486], 120),
      fong({
        place: [256, 318],
        turn: -10,
        build: { knot: 24 },
        behind: foot([-20, 138], 180) + limb([70, 110], [100, 160], [134, 128], { from: 44, to: 40 }),
        face: {
          eyes: shining([-9, 6]),
          brows: brows(-18, 46),
          mouth: tremble(),
          over: at([0, 24], flush()),
          cheeks: cheeks(86, true, 1.25),
          shift: [0, -16],
        },
        front: [
          foot([146, 124], -50),
          limb([-108, 76], [-100, 62], [-66, 44], { from: 40 }),
          limb([104, 76], [98, 62], [66, 44], { from: 40 }),
        ].join(""),
      }),
      heart([82, 232], 0.55, -16),
      heart([444, 206], 0.66, 14),
      heart([52, 318], 0.32, -6),
      words("เขินอะ", [240, 122], { size: 102, fill: candy, bow: 8 }),
    ].join(""),
    [0.98, 3, 2],
  );

/** Asleep in the cradle of the moon. */
export const goodNight = (): string =>
  dieCut(
    [
      fong({
        place: [244, 262],
        turn: -14,
        build: { width: 134, height: 118, knot: null },
        face: { eyes: peaceful(), mouth: small(), shift: [0, 0], cheeks: cheeks(90, true) },
        front: nightcap() + limb([-108, 24], [-120, 96], [-36, 74], { from: 38 }),
      }),
      moon(),
      limb([334, 306], [366, 344], [342, 378], { from: 38, to: 42 }),
      bubble([286, 290], 23),
      star([62, 124], 0.62, -12),
      star([464, 196], 0.5, 14),
      star([104, 60], 0.34, 10, night),
      loose(
        [
          ["z", 378, 104, 52, -6],
          ["Z", 420, 90, 72, 6],
          ["Z", 470, 78, 88, 12],
        ],
        [lilac],
      ),
      words("ฝันดี", [262, 462], { size: 92, fill: snow, bow: -22, line: ink }),
      sparkle([40, 226], 0.6, "#fff"),
    ].join(""),
    [0.976, -7, 9],
  );

function moon(): string {
  const d =
    "M 34 250 C 30 400 130 494 262 494 C 396 494 486 396 480 246 C 452 330 366 378 262 378 C 156 378 72 334 34 250 Z";
  return (
    shape(d, sun.base) +
    inside(
      d,
      at([0, -26], patch(d, sun.light)) +
        oval([120, 404], 14, 10, sun.shade, 0.5) +
        oval([410, 398], 18, 12, sun.shade, 0.5),
    ) +
    stroke(d)
  );
}

function nightcap(): string {
  const cap =
    "M -104 -70 C -92 -140 10 -196 92 -140 C 140 -132 168 -96 160 -56 C 138 -84 110 -92 84 -84 C 40 -104 -50 -100 -104 -70 Z";
  const brim =
    "M -116 -60 C -118 -84 -100 -88 -84 -90 C -30 -112 30 -112 86 -92 C 104 -86 108 -64 92 -58 C 30 -82 -40 -82 -92 -50 C -104 -46 -114 -48 -116 -60 Z";
  return (
    shape(cap, night.base) +
    inside(cap, stroke("M -50 -150 L -40 -90 M 20 -180 L 30 -80 M 96 -150 L 84 -80", 18, night.light)) +
    stroke(cap) +
    shape(brim, "#fff") +
    linedOval([160, -44], 24, 24, "#fff")
  );
}
