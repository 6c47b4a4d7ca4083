// เป่ายิ้งฉุบ: a cartoon hand with a face, as rock, paper and scissors.
import type { Drawing } from "../../render.js";
import { type Face, face } from "./faces.js";
import { lettering, motion, question, ribbon, sparkle } from "./flourishes.js";
import { box, ink, lineWidth, paint, place, shape, spot, sticker, stroke, tone } from "./ink.js";

/** A finger: a path and its thickness. */
type Finger = readonly [d: string, thickness: number];

/** Fingers and palm drawn as one body: first the outline of all, then the colour of all. */
function hand(fingers: readonly Finger[], palm: string, over: string): string {
  const outline = fingers.map(([d, w]) => stroke(d, ink, w + 2 * lineWidth)).join("") + shape(palm, ink, 2 * lineWidth);
  const colour = fingers.map(([d, w]) => stroke(d, paint.skin, w)).join("") + tone(palm, paint.skin);
  const shine = fingers
    .map(([d, w]) => `<g transform="translate(${-w * 0.22} 0)">${stroke(d, "#ffe9bd", w * 0.2, 0.9)}</g>`)
    .join("");
  return outline + colour + shine + over;
}

const cuff = (fill: string): string =>
  box(256, 432, 190, 90, 26, fill) + box(256, 398, 214, 50, 22, paint.white) + spot(256, 410, 90, 8, ink, 0.1);

const palmPath = "M160 300C156 232 196 206 256 206S358 232 354 300C352 362 316 398 256 398S162 362 160 300z";
const shade = tone("M160 300C176 366 330 372 354 300C352 362 316 398 256 398S162 362 160 300z", paint.skinShade, 0.75);

function paper(look: Face): string {
  return hand(
    [
      ["M190 262L132 156", 52],
      ["M226 240L204 92", 54],
      ["M270 240L284 78", 54],
      ["M314 250L358 118", 52],
      ["M330 320L420 252", 54],
    ],
    palmPath,
    shade + face(254, 288, look, 0.98),
  );
}

function scissors(look: Face): string {
  return hand(
    [
      ["M214 250L156 92", 58],
      ["M282 246L330 84", 58],
      ["M336 262L342 246", 54],
      ["M176 312L158 286", 52],
    ],
    palmPath,
    shade +
      stroke("M312 256C310 234 318 222 332 220M330 286C344 286 358 280 366 268", ink, 8) +
      face(250, 296, look, 0.98),
  );
}

/** A fist seen from the front: four curled fingers above, the thumb laid across them. */
function rock(look: Face): string {
  const fingers = [
    [168, 140, 8],
    [228, 124, 2],
    [289, 124, -2],
    [348, 142, -8],
  ] as const;
  const palm = "M136 212H378V316C378 378 332 408 256 408S136 378 136 316z";
  return (
    shape(palm, paint.skin) +
    tone("M141 316C160 376 350 376 373 316C373 374 330 403 256 403S141 374 141 316z", paint.skinShade, 0.75) +
    fingers
      .map(([x, y, angle]) =>
        place(
          x,
          y,
          box(0, 64, 62, 136, 30, paint.skin) +
            spot(-8, 16, 9, 12, "#ffecc4") +
            stroke("M-10 92Q0 98 10 92", ink, 6, 0.6),
          angle,
        ),
      )
      .join("") +
    shape(
      "M392 300C404 262 380 236 340 240L222 250C190 254 190 302 226 302L330 300C346 300 350 312 352 330",
      paint.skin,
    ) +
    stroke("M230 266C218 270 218 284 230 286", paint.skinShade, 7) +
    face(248, 338, look, 0.92)
  );
}

export const handDrawings: readonly Drawing[] = [
  {
    file: "rps.webp",
    svg: sticker(
      motion("M66 250C52 290 54 330 72 366", "M450 230C468 268 468 314 452 350"),
      place(256, 328, place(-256, -290, cuff(paint.blue) + rock({ eyes: "angry", mouth: "teeth" })), 10, 0.82),
      lettering("เป่ายิ้ง…", 214, 146, 80, paint.gold, -6),
      question(424, 140, 96, paint.coral, 14),
      sparkle(84, 212, 18, paint.mint),
      sparkle(438, 440, 24),
    ),
  },
  {
    file: "rps-rock.webp",
    svg: sticker(
      place(256, 200, place(-256, -240, cuff(paint.coral) + rock({ eyes: "angry", mouth: "smirk" })), -6, 0.98),
      ribbon("ค้อน", 256, 428, 310, paint.brick, 96, 2),
      motion("M92 84L64 56", "M66 130L30 118", "M416 78L444 50", "M446 124L482 110", "M254 52V22"),
    ),
  },
  {
    file: "rps-paper.webp",
    svg: sticker(
      place(256, 210, place(-266, -242, cuff(paint.leaf) + paper({ eyes: "happy", mouth: "grin" })), 4, 0.98),
      ribbon("กระดาษ", 256, 428, 352, paint.forest, 88, -2),
      sparkle(66, 84, 24),
      sparkle(446, 90, 28, paint.mint),
      sparkle(64, 300, 18, paint.pink),
    ),
  },
  {
    file: "rps-scissors.webp",
    svg: sticker(
      place(256, 210, place(-250, -242, cuff(paint.sky) + scissors({ eyes: "wink", mouth: "tongue" })), 3, 0.98),
      ribbon("กรรไกร", 256, 428, 340, paint.blue, 92, 2),
      sparkle(76, 240, 24),
      sparkle(440, 160, 30),
      sparkle(420, 70, 18, paint.pink),
      sparkle(68, 100, 18, paint.mint),
    ),
  },
];
