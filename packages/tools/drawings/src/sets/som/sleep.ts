// ฝันดี: sleeps on a cushion, breathing deeply, a bubble at his nose.
import { tail } from "./body.js";
import { sleepingEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, stream, swell, wave } from "./motion.js";
import { smile } from "./mouths.js";
import { colours, fill, ink, lettering, n, oval, place, shaded, sized, sticker, stroke } from "./pen.js";
import { sparkle, zed } from "./props.js";

export function sleep(t: number): string {
  const breath = swell(t);
  const late = swell(t, 1, -0.1);
  const flick = wave(t, 1, 0.3) * 14 + wave(t, 2) * 6;
  return sticker(
    twinkle(40, 236, 0.55, swell(t, 1, 0.2)),
    twinkle(472, 268, 0.5, swell(t, 1, 0.7)),
    cushion(breath),
    place({ x: 292, y: 412, scaleX: 0.97 + 0.025 * breath, scaleY: 0.9 + 0.1 * breath }, back()),
    tail(`M442 396C492 410 462 438 396 434C350 432 326 430 ${n(304 - flick * 0.3)} ${n(414 - flick * 0.5)}`, 42),
    paw(94, 424),
    paw(228, 428),
    place(
      { x: 168, y: 330 - 9 * late, tilt: -7 + 3 * late, scaleX: 0.82 },
      head({
        eyes: sleepingEyes(),
        mouth: smile(),
        look: { x: -4, y: 12 - 5 * late },
        ears: { left: 6 + 5 * late, right: 4 + 12 * Math.max(0, wave(t, 2, 0.4)) ** 4 },
        whiskers: 5 * late - 2,
        blush: 1.15,
      }),
      nightcap(late),
      bubble(swell(t, 1, -0.05)),
    ),
    stream(t, 3, (life) => {
      const at = { x: 282 + 150 * life + 14 * wave(life * 1.3), y: 270 - 190 * life, tilt: 16 * wave(life * 1.3) - 4 };
      return sized((0.55 + 0.85 * life) * bloom(life, 0.15, 0.2), at, zed());
    }),
    lettering("ฝันดี", { x: 160, y: 122 - 3 * late, tilt: -6, size: 92, colour: colours.lilac }),
  );
}

const twinkle = (x: number, y: number, size: number, on: number): string =>
  sized(size * (0.35 + 0.65 * on), { x, y, tilt: 20 * on }, sparkle());

function cushion(breath: number): string {
  const dent = 6 * breath;
  const top = n(392 + dent);
  const side = n(412 + dent / 2);
  const d = `M34 ${side}C70 372 150 ${top} 256 ${top}C362 ${top} 442 372 478 ${side}C502 450 494 498 446 492C390 484 122 484 66 492C18 498 10 450 34 ${side}Z`;
  const seam = `<path d="M46 452Q256 436 466 452" fill="none" stroke="#d9cffb" stroke-width="6" stroke-linecap="round" stroke-dasharray="16 16"/>`;
  return shaded({ id: "cushion", d, base: "#9d8be8", shade: colours.violet, light: { x: -6, y: -22 }, inside: seam });
}

/** The curled back, a dome on 0,0. */
function back(): string {
  const d =
    "M-170 0C-176 -120 -70 -186 20 -178C130 -168 190 -90 182 -20C180 6 150 10 120 10H-120C-150 10 -168 10 -170 0Z";
  const stripes = [
    "M-22 -196Q-6 -136 10 -116Q24 -140 22 -196Z",
    "M60 -186Q66 -128 74 -104Q96 -130 106 -170Z",
    "M140 -150Q124 -100 124 -78Q152 -92 176 -116Z",
  ];
  const inside = stripes.map((stripe) => fill(stripe, colours.stripe)).join("");
  const haunch = stroke("M60 4C44 -60 90 -96 140 -76", 8);
  return shaded({ id: "back", d, base: colours.fur, shade: colours.furShade, inside: inside + haunch });
}

const paw = (x: number, y: number): string =>
  `<g transform="translate(${x} ${y})"><ellipse rx="42" ry="23" fill="${colours.cream}" stroke="${ink}" stroke-width="9"/>
    ${stroke("M-12 8V18M12 8V18", 6.5)}</g>`;

/** A cap that slips over one ear; its bobble swings after the breath. */
function nightcap(late: number): string {
  const swing = 8 * late;
  const cone = `M-92 -66C-86 -150 -10 -178 60 -150C${n(110 + swing)} -132 ${n(150 + swing)} -96 ${n(160 + swing)} ${n(-50 + swing)}C120 -84 100 -92 78 -70Z`;
  const brim =
    "M-98 -50C-60 -96 40 -104 92 -60C104 -44 92 -34 78 -42C40 -70 -44 -64 -82 -32C-100 -26 -108 -38 -98 -50Z";
  const dots = oval(-30, -124, 10, 10, "#fff") + oval(30, -128, 10, 10, "#fff") + oval(82, -104, 9, 9, "#fff");
  return [
    shaded({ id: "cap", d: cone, base: "#6fb9f2", shade: "#4a97d8", inside: dots }),
    shaded({ id: "brim", d: brim, base: "#fff", shade: "#d8e6f4", width: 8 }),
    place(
      { x: 162 + swing, y: -40 + swing },
      `<circle r="23" fill="#fff" stroke="${ink}" stroke-width="8"/>`,
      oval(-5, -5, 10, 9, "#fff"),
      stroke("M8 10Q2 15 -5 14", 5, "#d8e6f4"),
    ),
  ].join("");
}

/** The bubble that a breath blows at the nose. */
function bubble(size: number): string {
  const r = 8 + 34 * size;
  return place(
    { x: 16 + r * 0.8, y: 58 + r * 0.45 },
    `<circle r="${n(r)}" fill="#d5f1ff" fill-opacity="0.85" stroke="${ink}" stroke-width="7"/>`,
    stroke(`M${n(-r * 0.5)} ${n(-r * 0.1)}Q${n(-r * 0.45)} ${n(-r * 0.5)} ${n(-r * 0.05)} ${n(-r * 0.55)}`, 6, "#fff"),
  );
}
