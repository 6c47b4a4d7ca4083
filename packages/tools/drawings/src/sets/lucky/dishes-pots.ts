// กินอะไรดี, in mortar, bowl and pan: som tam, noodle soup, mu kratha and green curry.
import { face } from "./faces.js";
import { steam } from "./flourishes.js";
import { box, disc, ink, limb, oval, paint, place, shape, spot, stroke, tone } from "./ink.js";
import { bowlBack, bowlFront, chilli, dish, leaf, ring, shrimp, strands, tomato } from "./tableware.js";

export function somtam(): string {
  return dish(
    ["ส้มตำ"],
    8,
    1,
    limb("M336 190L430 52", "#c98f57", 40) + stroke("M346 160L414 60", "#e8bd8a", 9),
    oval(256, 198, 170, 56, "#5d3020"),
    shape("M104 196C108 128 172 82 250 86C336 80 402 128 408 196C392 236 122 236 104 196z", "#e6ebb4"),
    stroke(
      "M130 190C150 140 190 114 240 112M160 206C176 160 214 136 262 132M220 212C232 176 270 152 318 150M300 212C316 186 340 172 372 172M196 108C250 96 320 110 360 150M144 160C180 176 220 178 262 168",
      "#c3d17c",
      8,
    ),
    stroke(
      "M170 134C210 118 236 140 250 166M290 120C276 150 290 176 330 184M120 180C150 180 170 190 186 206",
      "#fbf8dc",
      9,
    ),
    stroke("M230 98C246 126 270 136 296 134M150 150C160 164 170 172 184 178", "#ff9a3d", 8),
    strands("#5fb450", 13, "M142 132L186 102", "M346 126L386 158"),
    tomato(206, 160, 31, -10) + tomato(316, 176, 27) + tomato(262, 116, 22),
    chilli(266, 186, -16, 0.95) + chilli(150, 192, 30, 0.8),
    spot(232, 198, 9, 7, "#c98a3c") + spot(346, 200, 9, 7, "#c98a3c") + spot(180, 204, 9, 7, "#c98a3c"),
    shape("M84 200C104 268 408 268 428 200L396 366C390 412 122 412 116 366z", "#b06a3f"),
    tone("M421 220L391 366C386 396 270 404 190 394C310 390 366 340 378 254C398 246 414 232 421 220z", ink, 0.2),
    stroke("M104 256L120 346", "#d99a6c", 11, 0.9),
    face(252, 312, { eyes: "squeeze", mouth: "tongue", apart: 52 }, 1.12),
  );
}

export function noodles(): string {
  return dish(
    ["ก๋วยเตี๋ยว"],
    34,
    0.94,
    steam(112, 156, 70) + steam(160, 150, 84),
    bowlBack("#fff0dc", "#c98a4a"),
    strands(
      "#ffe08a",
      15,
      "M262 232C246 184 282 136 262 78",
      "M288 238C274 186 308 136 288 74",
      "M314 234C300 184 334 136 314 74",
      "M340 228C328 184 358 136 340 78",
    ),
    limb("M200 96L470 50", "#c4473d", 9) + limb("M206 66L468 92", "#c4473d", 9),
    disc(136, 222, 30, "#c9936a") +
      disc(186, 242, 32, "#d8a57d") +
      spot(176, 232, 9, 6, "#f2cfae") +
      spot(128, 213, 8, 5, "#f2cfae"),
    leaf(232, 246, -40, 0.8) + leaf(386, 226, 24, 0.9) + leaf(366, 246, -14, 0.8),
    ring(232, 212, 10, paint.leaf) + ring(354, 216, 9, paint.red),
    bowlFront("#f4f0ea", "#e8524a"),
    face(256, 326, { eyes: "happy", mouth: "yum", apart: 50 }, 1.1),
  );
}

export function mooKratha(): string {
  const pork = (x: number, y: number, angle: number): string =>
    place(
      x,
      y,
      shape("M-46 -14C-24 -30 22 -28 46 -12C52 2 48 16 40 20C16 10 -18 8 -42 20C-52 12 -52 -4 -46 -14z", "#ff9c96", 9) +
        stroke("M-32 0C-12 -10 12 -10 34 2", "#ffe3dc", 9) +
        stroke("M-26 -14C-10 -20 10 -20 24 -14", "#c2583f", 5),
      angle,
    );
  return dish(
    ["หมูกระทะ"],
    62,
    0.95,
    steam(104, 172, 86) + steam(408, 172, 86),
    shape("M118 300C124 376 132 414 144 432C216 452 296 452 368 432C380 414 388 376 394 300z", "#d9784f"),
    tone("M388 312C384 376 376 412 365 428C338 436 300 441 270 442C334 424 358 376 360 304z", ink, 0.18),
    shape("M44 258L18 246C8 254 8 280 20 288L56 292zM468 258L494 246C504 254 504 280 492 288L456 292z", "#caa048"),
    oval(256, 276, 216, 78, "#e3b64f"),
    oval(256, 264, 216, 76, "#ffdc7d"),
    spot(256, 266, 190, 60, "#e8a94a"),
    spot(256, 270, 182, 52, "#f8d794"),
    shape("M132 258C136 178 190 116 256 116S376 178 380 258C340 300 172 300 132 258z", "#d8a33a"),
    tone("M374 258C338 294 210 296 160 276C260 284 330 240 334 164C360 190 372 226 374 258z", "#9c6a1c", 0.5),
    stroke("M176 232L196 180M336 232L318 184M256 150V132", "#8a5a1a", 10),
    pork(250, 166, -6) + pork(200, 212, -26) + pork(308, 210, 22) + pork(254, 238, 4),
    leaf(98, 262, 30, 0.95) +
      leaf(124, 296, 10, 0.85, "#8fd06a") +
      leaf(420, 258, -30, 0.95) +
      leaf(398, 292, -8, 0.85, "#8fd06a"),
    disc(166, 306, 17, "#ff9a3d", 7) +
      disc(346, 308, 17, paint.cream, 7) +
      disc(76, 274, 13, paint.cream, 7) +
      shrimp(446, 284, 10, 0.3),
    face(256, 384, { eyes: "happy", mouth: "grin", apart: 60 }, 1.02),
  );
}

export function greenCurry(): string {
  const eggplant = (x: number, y: number, r: number): string =>
    disc(x, y, r, "#d9efb0", 8) +
    stroke(
      `M${x - r * 0.5} ${y - r * 0.3}Q${x} ${y - r * 0.9} ${x + r * 0.5} ${y - r * 0.4}M${x - r * 0.5} ${y + r * 0.3}Q${x} ${y} ${x + r * 0.5} ${y + r * 0.3}`,
      "#6fb65a",
      5,
    );
  const chicken = (x: number, y: number, angle: number): string =>
    place(x, y, box(0, 0, 70, 46, 20, "#f7dfb2", 9) + stroke("M-18 -4C-6 -10 8 -10 18 -4", "#e2b878", 6), angle);
  return dish(
    ["แกงเขียวหวาน"],
    14,
    1.05,
    steam(176, 148, 70) + steam(336, 148, 70) + steam(256, 140, 84),
    bowlBack("#fff7ea", "#9ccf63"),
    chicken(180, 206, -14) + chicken(320, 200, 12) + chicken(250, 232, 2),
    eggplant(126, 224, 25) + eggplant(246, 188, 27) + eggplant(378, 224, 27) + eggplant(196, 250, 21),
    disc(304, 250, 11, paint.leaf, 6) + disc(330, 242, 11, paint.leaf, 6) + disc(310, 230, 11, paint.leaf, 6),
    leaf(288, 178, -34, 0.8) + leaf(318, 166, 20, 0.8),
    chilli(196, 176, -30, 0.8) + chilli(356, 252, 150, 0.7),
    stroke("M140 252C160 262 176 264 190 276", paint.white, 8, 0.9),
    bowlFront("#5ea9d6", "#ffffff"),
    face(256, 328, { eyes: "wink", mouth: "grin", apart: 52 }, 1.1),
  );
}
