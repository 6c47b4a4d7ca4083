// High spirits: laughing, loving, cheering, celebrating.
import { outline } from "./body.js";
import { dieCut } from "./die-cut.js";
import { brows, cheeks, joyful, shining, squeezed, starry } from "./eyes.js";
import { fong } from "./fong.js";
import { loose, words } from "./lettering.js";
import { foot, limb } from "./limb.js";
import { kitten, laugh, roar } from "./mouths.js";
import {
  at,
  blaze,
  coral,
  ink,
  inside,
  leaf,
  linedOval,
  night,
  patch,
  pumpkin,
  rose,
  sea,
  shape,
  snow,
  stroke,
  sun,
} from "./pen.js";
import { burst, drop, ground, heart, sparkle, star } from "./props.js";

/** On its back with laughter, drumming on the floor. */
export const laughing = (): string =>
  dieCut(
    [
      ground([250, 482], 200),
      fong({
        place: [284, 316],
        turn: 60,
        build: { knot: 8 },
        behind:
          limb([-14, 110], [-20, 184], [-66, 190], { from: 50, to: 44 }) +
          limb([60, 110], [84, 176], [40, 206], { from: 50, to: 44 }),
        face: { eyes: squeezed(), mouth: roar(), cheeks: cheeks(98, true), shift: [0, -16], mouthDrop: 40 },
        front: [
          foot([-78, 194], 224),
          foot([34, 218], 40),
          limb([124, -6], [180, 0], [178, -74], { from: 42 }),
          limb([-122, 40], [-150, 110], [-56, 100], { from: 40 }),
          drop([-102, -48], 0.9, 125),
          drop([104, -54], 0.9, 235),
        ].join(""),
      }),
      burst([436, 430], [34, 56], [-40, 70], 4),
      loose(
        [
          ["5", 92, 150, 128, -14],
          ["5", 196, 124, 150, 4],
          ["5", 310, 134, 140, -6],
          ["5", 416, 152, 124, 14],
        ],
        [sun, coral, rose, sun],
      ),
    ].join(""),
    [0.984, -5, 8],
  );

/** The arms of a hug: the upper arms go behind the heart, the hands before it. */
const embrace =
  limb([138, 276], [60, 368], [152, 398], { from: 44, to: 46 }) +
  limb([376, 266], [462, 350], [376, 390], { from: 44, to: 46 });

/** Arms around a heart as big as itself. */
export const loving = (): string =>
  dieCut(
    [
      ground([256, 482], 120),
      fong({
        place: [256, 258],
        turn: -6,
        build: { knot: 14 },
        behind: foot([-56, 206], 175) + foot([66, 208], -5),
        face: { eyes: joyful(), mouth: kitten(), cheeks: cheeks(92, true), shift: [-4, -42] },
      }),
      embrace,
      at(
        [264, 362],
        heart([0, 0], 2.4, -6) + words("รักนะ", [-2, 14], { size: 76, fill: snow, turn: -6, line: rose.shade }),
      ),

      inside("M 0 330 L 512 330 L 512 512 L 0 512 Z", embrace),
      heart([72, 168], 0.6, -18),
      heart([434, 122], 0.72, 16),
      heart([118, 84], 0.36, -10),
      heart([376, 62], 0.34, 12),
      heart([470, 216], 0.3, 20),
    ].join(""),
    [1.053, -21, -28],
  );

/** A jump with a headband and two pom-poms. */
export const cheering = (): string =>
  dieCut(
    [
      ground([256, 490], 80),
      fong({
        place: [256, 312],
        turn: 3,
        build: { width: 138, height: 124, knot: null },
        behind: [
          limb([-40, 100], [-80, 150], [-110, 124], { from: 46, to: 42 }),
          limb([56, 100], [94, 156], [120, 130], { from: 46, to: 42 }),
          foot([-122, 118], 236),
          foot([132, 124], -50),
          limb([-106, -20], [-166, -30], [-164, -96]),
          limb([106, -20], [166, -30], [160, -96]),
          shape("M 112 -84 C 146 -116 170 -96 192 -116 C 192 -90 170 -74 122 -68 Z", "#fff"),
          shape("M 116 -72 C 152 -76 172 -50 198 -56 C 184 -30 148 -36 116 -60 Z", "#fff"),
        ].join(""),
        face: { eyes: starry(sun.base), mouth: laugh(1.15), shift: [0, 8] },
        front: headband(138, 124),
      }),
      pompom([100, 186], sun, -10),
      pompom([414, 192], sea, 16),
      burst([100, 186], [82, 100], [200, 300], 4, 7),
      burst([414, 192], [82, 100], [240, 340], 4, 7),
      words("สู้ ๆ", [256, 116], { size: 98, fill: blaze }),
    ].join(""),
    [0.956, 10, 13],
  );

function headband(w: number, h: number): string {
  const arc = `M ${-w * 1.1} ${-h * 0.38} C ${-w * 0.5} ${-h * 0.84} ${w * 0.5} ${-h * 0.84} ${w * 1.1} ${-h * 0.38}`;
  const band = inside(outline(w, h), stroke(arc, 42, ink) + stroke(arc, 27, "#fff"));
  return band + stroke(outline(w, h)) + heart([0, -h * 0.73], 0.34, 0, rose, 5);
}

function pompom(center: readonly [number, number], hue: typeof sun | typeof sea, turn: number): string {
  const tufts = Array.from({ length: 14 }, (_, i) => {
    const a = (i * 2 * Math.PI) / 14;
    const b = a + Math.PI / 14;
    return `Q ${(Math.cos(a) * 82).toFixed(1)} ${(Math.sin(a) * 82).toFixed(1)} ${(Math.cos(b) * 46).toFixed(1)} ${(Math.sin(b) * 46).toFixed(1)}`;
  });
  const start = -Math.PI / 14;
  const d = `M ${(Math.cos(start) * 46).toFixed(1)} ${(Math.sin(start) * 46).toFixed(1)} ${tufts.join(" ")} Z`;
  const strands = "M -6 -4 L -34 -26 M 6 -8 L 20 -40 M -8 8 L -36 22 M 10 6 L 40 14 M 2 12 L 8 42 M -2 -10 L -12 -42";
  return at(
    center,
    shape(d, hue.base) + inside(d, at([26, 30], patch(d, hue.shade))) + stroke(d) + stroke(strands, 6, hue.light),
    turn,
  );
}

/** A party hat and a popper that bursts. */
export const celebrating = (): string =>
  dieCut(
    [
      ground([196, 484], 110),
      fong({
        place: [190, 338],
        turn: -7,
        build: { width: 136, height: 122, knot: null },
        behind: foot([-40, 126], 176) + foot([56, 128], -8) + limb([-104, -6], [-166, -4], [-146, -82], { from: 44 }),
        face: { eyes: shining([8, -8], 1.05), mouth: laugh(1.15), brows: brows(-6, 46), shift: [8, 2] },
        front: partyHat(),
      }),
      ribbons(),
      at([316, 406], popper()),
      limb([284, 356], [312, 412], [350, 372], { from: 40, to: 46 }),
      confetti(),
      words("ยินดีด้วย!", [262, 102], { size: 82, fill: pumpkin, turn: -3 }),
    ].join(""),
    [0.968, 14, 8],
  );

function partyHat(): string {
  const cone = "M -54 -104 C -22 -92 22 -94 48 -112 L -20 -186 Z";
  const stripes = stroke("M -60 -134 C -30 -118 10 -126 34 -150 M -50 -172 C -34 -160 -12 -164 2 -178", 15, sun.base);
  return shape(cone, night.base) + inside(cone, stripes) + stroke(cone) + linedOval([-22, -186], 16, 16, rose.base, 7);
}

/** A popper held upright, its tip at 0,0, its mouth at the upper right. */
function popper(): string {
  const cone = "M 0 0 L 54 -104 L 112 -58 Z";
  const stripes = stroke("M 8 -44 L 46 -6 M 34 -92 L 96 -28", 17, rose.light);
  const mouth = at([83, -81], linedOval([0, 0], 16, 38, "#7d2447"), -51);
  return shape(cone, rose.base) + inside(cone, stripes) + stroke(cone) + mouth;
}

function ribbons(): string {
  const ribbon = (d: string, color: string) => stroke(d, 18, ink) + stroke(d, 8, color);
  return [
    ribbon("M 384 326 C 352 294 396 270 366 238 C 350 220 356 204 366 196", sun.base),
    ribbon("M 396 326 C 402 284 444 296 436 256 C 430 228 464 226 464 198", leaf.base),
    ribbon("M 404 340 C 440 326 444 366 478 346", sea.base),
  ].join("");
}

function confetti(): string {
  const bit = (x: number, y: number, turn: number, fill: string) =>
    at([x, y], shape("M -12 -8 L 12 -8 L 12 8 L -12 8 Z", fill, 6), turn);
  return [
    bit(406, 216, 24, rose.base),
    bit(472, 286, -30, sun.base),
    bit(320, 232, 40, sea.base),
    bit(414, 156, -16, leaf.base),
    bit(474, 142, 30, night.light),
    bit(446, 408, 20, night.light),
    star([316, 166], 0.46, -10, sea),
    sparkle([474, 456], 0.6, rose.light),
  ].join("");
}
