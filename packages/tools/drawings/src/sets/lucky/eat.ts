// กินอะไรดี: a covered dish at rest, and what is under the cover.
import type { Drawing } from "../../render.js";
import { greenCurry, mooKratha, noodles, somtam } from "./dishes-pots.js";
import { kaphrao, khaoMangai, mangoStickyRice, padThai } from "./dishes-rice.js";
import { face } from "./faces.js";
import { lettering, question, sparkle, steam } from "./flourishes.js";
import { disc, ink, oval, paint, place, shape, spot, sticker, stroke, tone } from "./ink.js";

function cover(): string {
  return (
    oval(256, 352, 216, 54, "#d8dfe8") +
    oval(256, 340, 216, 50, paint.white) +
    spot(256, 350, 170, 28, "#c9d2dd") +
    place(
      256,
      330,
      disc(0, -216, 26, paint.gold) +
        shape("M-172 0C-172 -120 -100 -192 0 -192S172 -120 172 0C120 32 -120 32 -172 0z", "#c5d3e6") +
        tone("M167 0C120 27 -40 30 -110 16C30 20 110 -50 112 -146C148 -110 167 -60 167 0z", "#7f93b2", 0.6) +
        stroke("M-138 -40C-132 -96 -104 -136 -68 -156", paint.white, 16) +
        spot(-44, -168, 10, 7, paint.white) +
        stroke("M-172 0C-120 32 120 32 172 0", ink, 10) +
        face(0, -74, { eyes: "up", mouth: "yum", apart: 54 }, 1.2),
      -4,
    )
  );
}

export const eatDrawings: readonly Drawing[] = [
  {
    file: "eat.webp",
    svg: sticker(
      steam(66, 330, 84) + steam(446, 320, 84),
      cover(),
      question(92, 160, 110, paint.gold, -16),
      question(424, 156, 110, paint.coral, 14),
      sparkle(336, 66, 22, paint.mint),
      lettering("กินอะไรดี", 256, 476, 88, paint.white),
    ),
  },
  { file: "eat-somtam.webp", svg: somtam() },
  { file: "eat-khao-mangai.webp", svg: khaoMangai() },
  { file: "eat-kaphrao.webp", svg: kaphrao() },
  { file: "eat-noodles.webp", svg: noodles() },
  { file: "eat-moo-kratha.webp", svg: mooKratha() },
  { file: "eat-pad-thai.webp", svg: padThai() },
  { file: "eat-green-curry.webp", svg: greenCurry() },
  { file: "eat-mango-sticky-rice.webp", svg: mangoStickyRice() },
];
