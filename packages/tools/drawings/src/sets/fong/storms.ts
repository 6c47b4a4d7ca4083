// Strong weather: crying, anger, fright, confusion.
import { topknot } from "./body.js";
import { dieCut } from "./die-cut.js";
import { brows, cheeks, dazed, glaring, squeezed, startled } from "./eyes.js";
import { fong } from "./fong.js";
import { loose, words } from "./lettering.js";
import { foot, limb } from "./limb.js";
import { gritted, scream, tremble, wail } from "./mouths.js";
import { at, blaze, cream, inside, leaf, lilac, patch, sea, shape, stroke, sun } from "./pen.js";
import { burst, drop, ground, puff, vein } from "./props.js";

const pale = { base: "#ffa78f", shade: "#f0806e", light: "#ffcdb9" };
const paleLimb = { fill: pale.base, shade: pale.shade };
const furious = { base: "#ff6250", shade: "#d93f3f", light: "#ff9a80" };

/** Tears that spout to both sides into a lake of their own. */
export const crying = (): string =>
  dieCut(
    [
      puddle(),
      fong({
        place: [256, 342],
        build: { width: 150, height: 120, knot: -20 },
        behind: foot([-76, 104], 200) + foot([84, 104], -20),
        face: {
          eyes: squeezed(),
          brows: brows(-22, 42),
          mouth: wail(),
          mouthDrop: 42,
          cheeks: cheeks(98, true),
          shift: [0, -14],
        },
        front: limb([-130, 40], [-150, 92], [-98, 88]) + limb([130, 40], [150, 92], [98, 88]),
      }),
      spout(),
      at([512, 0], spout(), 0, [-1, 1]),
      drop([60, 178], 0.7, -10),
      drop([452, 178], 0.7, 10),
      shape(
        "M 84 462 C 120 446 150 466 186 456 C 222 448 280 470 322 456 C 360 446 396 466 430 458 C 448 476 420 490 256 490 C 92 490 66 476 84 462 Z",
        sea.base,
      ),
      stroke("M 126 474 L 186 476 M 300 476 L 336 474", 6, "#fff"),
      words("ฮือออ", [256, 132], { size: 94, fill: sea, bow: -5 }),
    ].join(""),
    [1.008, -3, -6],
  );

function puddle(): string {
  const d =
    "M 30 462 C 30 434 130 426 256 426 C 382 426 482 434 482 462 C 482 486 382 494 256 494 C 130 494 30 486 30 462 Z";
  return shape(d, sea.base) + inside(d, at([0, 16], patch(d, sea.shade))) + stroke(d);
}

/** The left fountain of tears, from the eye's corner outwards and down. */
function spout(): string {
  const d =
    "M 196 312 C 170 250 92 214 52 286 C 34 322 34 390 42 446 C 56 460 78 460 92 446 C 86 392 84 346 96 314 C 110 280 146 292 182 326 Z";
  return (
    shape(d, sea.base, 7) +
    inside(d, stroke("M 180 300 C 140 250 86 240 64 316 C 56 352 60 400 62 440", 11, sea.light)) +
    stroke(d, 7)
  );
}

/** Red with rage, fists on its hips, steam from both ears. */
export const angry = (): string =>
  dieCut(
    [
      ground([256, 486], 140),
      flame(),
      fong({
        place: [256, 334],
        build: { width: 156, height: 130, color: furious, knot: null },
        behind: foot([-50, 138], 172) + foot([66, 138], -8),
        face: {
          eyes: glaring(cream.base),
          mouth: gritted(),
          mouthDrop: 42,
          cheeks: cheeks(100, true, 1.15),
          shift: [0, -8],
        },
        front: [
          limb([-120, 6], [-214, 60], [-112, 84], { fill: furious.base, shade: furious.shade }),
          limb([120, 6], [214, 60], [112, 84], { fill: furious.base, shade: furious.shade }),
          vein([68, -88], 1, 12),
        ].join(""),
      }),
      jet([88, 218], 1),
      jet([424, 218], -1),
      words("โกรธแล้วนะ", [256, 104], { size: 80, fill: blaze, turn: -3 }),
    ].join(""),
    [0.984, 8, 4],
  );

function jet(place: readonly [number, number], side: 1 | -1): string {
  return at(place, puff([24, 40], 0.4, 10) + puff([-14, -4], 1.05, -16), 0, [side, 1]);
}

function flame(): string {
  return at(
    [256, 206],
    shape(
      "M -34 6 C -52 -24 -26 -36 -24 -62 C -6 -52 -4 -38 -6 -30 C 4 -40 8 -56 2 -76 C 34 -56 50 -22 32 6 Z",
      "#ff7a2f",
    ) +
      patch(
        "M -16 4 C -24 -14 -10 -20 -10 -34 C 0 -26 2 -16 2 -12 C 8 -18 10 -26 10 -34 C 24 -20 26 -6 16 4 Z",
        sun.base,
      ),
  );
}

/** Stretched tall by fright, the topknot jumping off. */
export const shocked = (): string =>
  dieCut(
    [
      ground([256, 492], 70),
      fong({
        place: [256, 300],
        build: { width: 124, height: 150, knot: null, color: pale },
        behind: [
          limb([-30, 120], [-32, 150], [-38, 168], { from: 40, to: 36, ...paleLimb }),
          limb([46, 120], [48, 150], [56, 166], { from: 40, to: 36, ...paleLimb }),
          foot([-44, 172], 150),
          foot([66, 170], 24),
          limb([-100, 0], [-150, -10], [-160, -82], paleLimb),
          limb([100, 0], [150, -10], [160, -82], paleLimb),
        ].join(""),
        face: { eyes: startled(), brows: brows(-14, 64), mouth: scream(), mouthDrop: 62, cheeks: "", shift: [0, -36] },
        front: fingers(-160, -88) + fingers(160, -88),
      }),
      at([262, 126], topknot([0, 0], 20)),
      burst([256, 330], [196, 232], [160, 200], 4, 9),
      burst([256, 330], [196, 232], [-20, 20], 4, 9),
      drop([170, 186], 0.7, 30),
      drop([350, 190], 0.6, -28),
      loose(
        [
          ["หา", 106, 132, 124, -10],
          ["!?", 412, 138, 132, 12],
        ],
        [sun, blaze],
      ),
    ].join(""),
    [1.004, 4, -12],
  );

function fingers(x: number, y: number): string {
  return stroke(`M ${x - 8} ${y - 12} L ${x - 8} ${y} M ${x + 8} ${y - 12} L ${x + 8} ${y}`, 5);
}

/** Eyes in spirals, a hand in the hair, question marks in orbit. */
export const confused = (): string =>
  dieCut(
    [
      ground([262, 486], 120),
      fong({
        place: [266, 336],
        turn: 13,
        build: { knot: -30 },
        behind: foot([-34, 138], 160) + foot([66, 136], 6),
        face: { eyes: dazed(), brows: brows(-20, 44), mouth: tremble(), shift: [0, -4], turn: -4 },
        front: [
          limb([-118, 26], [-190, -60], [-92, -98], { from: 40 }),
          limb([112, 34], [160, 112], [44, 86], { from: 40 }),
          burst([-88, -104], [44, 62], [210, 290], 3, 7),
        ].join(""),
      }),
      drop([420, 258], 0.85, -20),
      loose(
        [
          ["?", 76, 218, 120, -18],
          ["?", 452, 208, 96, 20],
          ["?", 60, 306, 70, 10],
        ],
        [sun, leaf],
      ),
      words("งงจัง", [262, 128], { size: 108, fill: lilac, bow: 6 }),
    ].join(""),
    [0.952, 8, 8],
  );
