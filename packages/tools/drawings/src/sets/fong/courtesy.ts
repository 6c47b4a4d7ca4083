// Good manners: hello, thank you, sorry, okay.
import { dieCut } from "./die-cut.js";
import { brows, cheeks, joyful, peaceful, tearful, winking } from "./eyes.js";
import { fong } from "./fong.js";
import { words } from "./lettering.js";
import { foot, limb, palms, thumbUp } from "./limb.js";
import { grin, laugh, smile, tremble } from "./mouths.js";
import { candy, dashes, leaf, night, rose, sea, stroke, sun } from "./pen.js";
import { blossom, burst, drop, ground, heart, sparkle } from "./props.js";

/** A wai with a blossom behind the ear. */
export const hello = (): string =>
  dieCut(
    [
      ground([262, 480], 120),
      fong({
        place: [258, 324],
        turn: -5,
        behind: foot([-34, 140], 170) + foot([66, 138], -6),
        face: { eyes: joyful(), mouth: laugh(0.72), shift: [0, -30] },
        front: [
          limb([-122, 22], [-178, 100], [-26, 108], { from: 40 }),
          limb([122, 22], [178, 100], [26, 108], { from: 40 }),
          palms([0, 90], 0, 0.95),
          blossom([104, -92], 0.78, 14),
        ].join(""),
      }),
      words("สวัสดี", [254, 128], { size: 100, fill: sun, bow: 7 }),
      sparkle([62, 232], 0.95),
      sparkle([452, 258], 0.8, rose.light),
      sparkle([438, 158], 0.5, "#fff"),
    ].join(""),
    [1.0, 1, -2],
  );

/** A deep bow from which hearts rise. */
export const thanks = (): string =>
  dieCut(
    [
      ground([232, 478], 130),
      foot([184, 462], 0),
      foot([270, 464], 0),
      fong({
        place: [232, 318],
        turn: 24,
        build: { front: [20, 16], knot: 26 },
        face: { eyes: peaceful(), mouth: smile(), shift: [14, 0], turn: 2 },
        front: [
          limb([-110, 44], [-104, 122], [40, 100], { from: 40 }),
          limb([120, 16], [160, 84], [88, 92], { from: 38 }),
          palms([64, 76], -6, 0.95),
        ].join(""),
      }),
      heart([92, 190], 0.7, -16),
      heart([48, 274], 0.38, -8),
      heart([438, 214], 0.84, 14),
      heart([470, 128], 0.4, 20),
      stroke("M 402 330 C 416 350 420 372 416 396 M 428 346 C 436 360 438 374 436 388", 7),
      words("ขอบคุณ", [250, 104], { size: 98, fill: candy, bow: 4 }),
    ].join(""),
    [1.017, -8, -13],
  );

/** On its knees, flat on the floor, looking up with swimming eyes. */
export const sorry = (): string =>
  dieCut(
    [
      ground([256, 470], 200),
      fong({
        place: [256, 338],
        build: { width: 176, height: 122, front: [0, 8], knot: -34 },
        behind: foot([-152, 100], 190) + foot([162, 102], -10),
        face: {
          eyes: tearful(),
          brows: brows(-20, 48),
          mouth: tremble(),
          shift: [0, 0],
          mouthDrop: 42,
          cheeks: cheeks(98, true),
        },
        front: [
          limb([-136, 40], [-190, 132], [-66, 118], { from: 40, to: 46 }),
          limb([136, 40], [190, 132], [66, 118], { from: 40, to: 46 }),
          dashes(
            [
              [
                [-62, 108],
                [-62, 120],
              ],
              [
                [-50, 109],
                [-50, 119],
              ],
              [
                [62, 108],
                [62, 120],
              ],
              [
                [50, 109],
                [50, 119],
              ],
            ],
            5,
          ),
          dashes(
            [
              [
                [84, -104],
                [84, -70],
              ],
              [
                [102, -96],
                [102, -58],
              ],
              [
                [120, -84],
                [120, -54],
              ],
            ],
            7,
            night.shade,
          ),
        ].join(""),
      }),
      drop([82, 214], 0.9, 24),
      drop([50, 280], 0.6, 30),
      drop([432, 212], 0.8, -24),
      words("ขอโทษนะ", [256, 132], { size: 96, fill: sea, turn: -2 }),
    ].join(""),
    [1.03, -7, -14],
  );

/** A wink behind a thumb held right under one's nose. */
export const okay = (): string =>
  dieCut(
    [
      ground([218, 480], 120),
      fong({
        place: [194, 322],
        turn: -8,
        behind: foot([-30, 140], 170) + foot([64, 138], -4) + limb([-112, 26], [-176, 48], [-166, 112], { from: 42 }),
        face: { eyes: winking(), mouth: grin(), shift: [-10, -6], brows: brows(-6, 48) },
        front: limb([112, 66], [180, 112], [206, 84], { from: 50, to: 66 }),
      }),
      thumbUp([380, 312], 10, 1.55),
      burst([392, 246], [84, 110], [-86, -22], 4, 9, sun.shade),
      sparkle([66, 190], 0.8),
      words("โอเค!", [196, 132], { size: 108, fill: leaf, turn: -6 }),
    ].join(""),
    [1.0, 0, -13],
  );
