// ยุ่งอยู่!: hammers at a laptop until the keys fly.
import { arm, body, mitt } from "./body.js";
import { intentEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, stream, track, wave } from "./motion.js";
import { gritting } from "./mouths.js";
import { colours, ink, lettering, oval, type Point, place, shaded, sized, sticker } from "./pen.js";
import { burst, drop } from "./props.js";

const keys = ["ก", "A", "ฮ", "?"];

/** A paw's height, from 0 on the keys to 1, four strokes a loop. */
const strike = (t: number): number => Math.abs(wave(t, 2)) ** 0.8;

export function busy(t: number): string {
  const left = strike(t);
  const right = strike(t + 1 / 8);
  const shake = wave(t, 4);
  const read = track(t, [
    [0, -7],
    [0.42, 9],
    [0.5, -7],
    [0.92, 9],
  ]);
  const sweat = (t * 2) % 1;
  return sticker(
    place(
      { x: 256, y: 486, tilt: 0.6 * shake, scaleX: 0.86 },
      body(),
      forearm(-1, left),
      forearm(1, right),
      place(
        { x: 4 * wave(t, 2), y: -262 + 5 * Math.abs(shake), tilt: 3 * wave(t, 2, 0.1) },
        head({
          eyes: intentEyes({ x: read, y: 9 }),
          mouth: gritting(),
          look: { x: read * 0.8, y: 8 },
          ears: { left: 8 + 8 * shake, right: 8 - 8 * shake },
          whiskers: 8 * shake,
          blush: 0.8,
        }),
        sized(1.3 * bloom(sweat, 0.3, 0.2), { x: 134, y: -84 + 66 * sweat }, drop()),
      ),
      mitt(paw(-1, left), -8, 32, 29),
      mitt(paw(1, right), 8, 32, 29),
      left < 0.4 ? place({ x: -150, y: -168, tilt: -34 }, burst()) : "",
      right < 0.4 ? place({ x: 150, y: -168, tilt: 34 }, burst()) : "",
      desk(),
      place({ y: -30 - 5 * Math.abs(shake), tilt: 1.4 * shake }, laptop()),
    ),
    stream(t, keys.length, (life, i) => {
      const way = i % 2 === 0 ? -1 : 1;
      const x = 256 + way * (158 + (44 + (i % 3) * 10) * life);
      const y = 352 - (330 + (i % 3) * 50) * life + 400 * life * life;
      return sized(1.1 * bloom(life, 0.15, 0.25), { x, y, tilt: way * 160 * life - 12 }, keycap(keys[i]!));
    }),
    lettering("ยุ่งอยู่!", { x: 256 + 2 * shake, y: 102, tilt: -3 + 1.6 * wave(t, 2), size: 84, colour: "#ff8a5c" }),
  );
}

/** Where a paw is: half hidden by the screen when it hits the keys. */
const paw = (way: -1 | 1, lift: number): Point => ({ x: way * (100 + 34 * lift), y: -128 - 58 * lift });

const forearm = (way: -1 | 1, lift: number): string =>
  arm({
    from: { x: way * 96, y: -168 },
    elbow: { x: way * (206 + 10 * lift), y: -96 - 20 * lift },
    to: paw(way, lift),
    width: 44,
  });

const keycap = (letter: string): string =>
  `<rect x="-24" y="-24" width="48" height="48" rx="12" fill="${colours.cream}" stroke="${ink}" stroke-width="7"/>
    <text font-family="Mali" font-weight="700" font-size="34" text-anchor="middle" y="11" fill="${ink}">${letter}</text>`;

const desk = (): string =>
  shaded({
    id: "desk",
    d: "M-262 -28Q-262 -42 -248 -42H248Q262 -42 262 -28V-4Q262 10 248 10H-248Q-262 10 -262 -4Z",
    base: "#d39a68",
    shade: "#a8683f",
    light: { x: 0, y: -20 },
  });

/** The lid from behind, standing on 0,0, with a paw for a badge. */
function laptop(): string {
  const lid = "M-112 -118Q-112 -132 -98 -132H98Q112 -132 112 -118L122 -4H-122Z";
  const foot = "M-142 -6H142V2Q142 12 130 12H-130Q-142 12 -142 2Z";
  const badge = [
    oval(0, -54, 19, 15, "#fff"),
    oval(-24, -74, 8, 10, "#fff"),
    oval(-8, -86, 8, 11, "#fff"),
    oval(9, -86, 8, 11, "#fff"),
    oval(25, -74, 8, 10, "#fff"),
  ].join("");
  return [
    shaded({ id: "lid", d: lid, base: "#b7bfd6", shade: "#8d96b3", inside: badge }),
    shaded({ id: "foot", d: foot, base: "#8d96b3", shade: "#6f7896", light: { x: 0, y: -8 }, width: 8 }),
  ].join("");
}
