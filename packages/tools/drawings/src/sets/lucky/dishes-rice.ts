// กินอะไรดี, on the plate: khao man kai, kaphrao with an egg, pad thai, and mango with sticky rice.
import { face } from "./faces.js";
import { steam } from "./flourishes.js";
import { box, disc, oval, paint, place, shape, spot, stroke, tone } from "./ink.js";
import { chilli, cucumber, dish, leaf, plate, ring, shrimp, strands } from "./tableware.js";

/** Short marks that make a white mound rice. */
function grains(...at: readonly (readonly [number, number, number])[]): string {
  return at.map(([x, y, angle]) => place(x, y, spot(0, 0, 8, 4, "#e6d3a8"), angle)).join("");
}

/** A slice of poached chicken about (0, 0). */
function chickenSlice(x: number, y: number, angle: number): string {
  return place(
    x,
    y,
    box(0, 0, 88, 112, 34, "#fbe6c0") +
      tone("M-39 -18C-41 -66 41 -66 39 -18C24 -36 -24 -36 -39 -18z", "#f0bb5e") +
      stroke("M-14 -4V34M12 -10V28", "#e8cb98", 6),
    angle,
  );
}

export function khaoMangai(): string {
  return dish(
    ["ข้าวมันไก่"],
    6,
    1,
    plate(paint.mint),
    steam(70, 200, 70) + steam(420, 190, 70),
    shape("M90 300C86 200 150 150 232 150S374 200 372 300C350 338 112 338 90 300z", "#fff3cf"),
    tone("M366 300C346 334 150 336 108 314C190 320 320 310 338 214C356 240 366 270 366 300z", "#e9cd92", 0.7),
    chickenSlice(136, 186, -46) +
      chickenSlice(178, 146, -24) +
      chickenSlice(234, 130, -4) +
      chickenSlice(290, 140, 16) +
      chickenSlice(336, 174, 38),
    grains([116, 280, 20], [330, 290, -30], [150, 314, 0], [300, 316, 10], [346, 254, 60]),
    face(230, 262, { eyes: "happy", mouth: "yum" }, 1.05),
    cucumber(402, 262) + cucumber(430, 300),
    oval(388, 350, 62, 36, paint.white) +
      spot(388, 344, 46, 22, "#8a3d1d") +
      ring(374, 342, 9, paint.red) +
      ring(402, 346, 9, "#ffb347"),
    leaf(222, 72, -34, 0.75) + leaf(256, 70, 30, 0.75),
  );
}

export function kaphrao(): string {
  const meat: readonly (readonly [number, number])[] = [
    [300, 220],
    [342, 198],
    [388, 222],
    [318, 262],
    [362, 250],
    [406, 264],
    [296, 300],
    [340, 300],
    [384, 304],
    [424, 300],
  ];
  return dish(
    ["กะเพราไข่ดาว"],
    4,
    1.02,
    plate(paint.coral),
    steam(380, 140, 70),
    shape("M70 300C66 210 130 170 200 170S320 220 316 300C290 336 96 336 70 300z", paint.white),
    grains([92, 300, 10], [120, 318, 0], [160, 322, 10], [200, 320, -8]),
    shape("M250 310C250 240 290 184 344 178C404 172 452 230 450 296C440 344 266 348 250 310z", "#8d4a26"),
    meat.map(([x, y], i) => spot(x, y, 20, 15, i % 2 === 0 ? "#b5693a" : "#6e3519")).join(""),
    leaf(330, 206, -24, 0.85) + leaf(410, 240, 40, 0.85) + leaf(350, 290, 10, 0.85, "#2f9a5d"),
    chilli(376, 268, 24, 0.85) + chilli(404, 316, -14, 0.8),
    place(
      190,
      182,
      shape(
        "M-130 10C-142 -44 -96 -74 -70 -84C-44 -122 30 -116 52 -94C106 -96 138 -50 122 -8C138 40 96 74 56 70C30 98 -36 94 -58 74C-100 80 -128 48 -130 10z",
        "#c98a3c",
      ) +
        tone(
          "M-114 6C-124 -36 -86 -60 -62 -70C-38 -102 26 -98 46 -78C92 -80 118 -44 104 -6C116 32 84 58 50 56C26 78 -32 76 -52 60C-88 64 -112 38 -114 6z",
          paint.white,
        ) +
        disc(-2, -10, 72, "#ffbe2e") +
        tone("M58 -30C78 30 20 72 -40 46C-10 52 44 40 58 -30z", "#f29a1f", 0.8) +
        spot(-34, -48, 17, 11, paint.white, 0.9) +
        face(-2, -8, { eyes: "star", mouth: "grin", apart: 34 }, 0.86),
      -6,
    ),
  );
}

export function padThai(): string {
  return dish(
    ["ผัดไทย"],
    8,
    1,
    plate(paint.gold),
    shape("M84 302C70 220 140 140 246 138S420 214 410 302C380 342 110 342 84 302z", "#f09a45"),
    stroke(
      "M108 284C130 210 190 172 262 168M140 300C150 262 162 240 190 222M386 290C374 230 340 190 292 176M350 306C352 280 346 258 330 236M180 168C230 146 300 150 340 180M104 306C150 328 220 326 250 318S350 320 392 304",
      "#ffc47e",
      10,
    ),
    stroke(
      "M120 262C142 214 178 186 222 180M400 280C392 250 380 226 360 208M200 318C240 330 310 326 360 312",
      "#c96f22",
      6,
    ),
    strands(
      "#fdf6df",
      9,
      "M70 276C92 262 104 244 104 222",
      "M56 300C80 300 102 290 116 272",
      "M84 318C104 312 122 300 130 286",
    ),
    strands(
      paint.leaf,
      9,
      "M386 196C420 176 440 150 446 118",
      "M372 184C398 158 410 130 410 96",
      "M398 214C432 204 460 184 474 160",
    ),
    shrimp(226, 128, -8, 0.92),
    shrimp(330, 152, 22, 0.66),
    face(240, 254, { eyes: "open", mouth: "grin" }, 1.12),
    shape("M386 330C384 286 420 262 462 272C468 312 436 344 386 330z", "#9bdc5a") +
      stroke("M400 324C404 298 424 284 452 284", "#e9f8b9", 8),
    spot(160, 196, 7, 5, "#a55a22") +
      spot(300, 214, 7, 5, "#a55a22") +
      spot(342, 290, 7, 5, "#a55a22") +
      spot(134, 250, 7, 5, "#a55a22"),
  );
}

export function mangoStickyRice(): string {
  const slice = (x: number, y: number, angle: number): string =>
    place(
      x,
      y,
      shape("M-26 78C-50 20 -40 -60 4 -88C40 -50 44 30 22 80C8 90 -14 90 -26 78z", "#ffc02e") +
        tone("M-12 66C-26 14 -20 -40 2 -66C-2 -30 -4 20 -12 66z", "#ffe48a") +
        stroke("M20 62C30 26 28 -20 16 -50", "#f29a1f", 6, 0.8),
      angle,
    );
  return dish(
    ["ข้าวเหนียว", "มะม่วง"],
    94,
    0.96,
    shape(
      "M40 318C74 236 170 222 256 226C350 220 440 240 472 312C424 392 340 404 256 400C160 404 90 396 40 318z",
      paint.forest,
    ),
    stroke(
      "M56 318C150 300 360 300 458 312M110 262L96 308M190 240L180 302M340 240L348 300M420 262L430 304M130 380L120 314M400 376L410 312",
      paint.leaf,
      6,
    ),
    slice(300, 214, 2) + slice(346, 226, 18) + slice(390, 246, 34) + slice(428, 276, 50),
    shape("M56 316C46 216 106 136 186 134S326 216 318 316C290 360 86 360 56 316z", paint.white),
    tone("M313 316C288 355 110 355 72 330C170 340 270 310 282 214C304 246 314 280 313 316z", "#eadfce", 0.9),
    shape(
      "M96 190C112 140 150 118 188 118C230 118 264 146 278 190C284 214 262 218 258 196C254 178 240 184 238 204C236 232 210 230 210 206C208 186 190 190 186 206C178 232 154 226 154 204C152 184 134 184 130 200C122 226 88 218 96 190z",
      "#fff4d6",
    ),
    [
      [150, 152],
      [186, 142],
      [222, 154],
      [204, 172],
      [166, 176],
    ]
      .map(([x = 0, y = 0], i) => place(x, y, spot(0, 0, 7, 4.5, "#e0a92e"), i * 40))
      .join(""),
    face(186, 270, { eyes: "heart", mouth: "cat", apart: 48 }, 1.05),
  );
}
