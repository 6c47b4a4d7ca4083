// รักนะ: hugs a beating heart, and smaller ones rise from it.
import { arm, body, foot, mitt, tail } from "./body.js";
import { happyEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, out, stream, swell, track, wave } from "./motion.js";
import { smile } from "./mouths.js";
import { lettering, n, place, sized, sticker, stretched } from "./pen.js";
import { heart } from "./props.js";

/** The heart's two knocks, lub and dub: a scale around 1. */
const beat = (t: number): number =>
  track(t * 2, [
    [0, 1],
    [0.14, 1.16, out],
    [0.3, 1.02],
    [0.44, 1.1, out],
    [0.75, 1],
  ]);

const risers = [
  { x: 66, size: 0.8, sway: 16 },
  { x: 450, size: 0.95, sway: -18 },
  { x: 48, size: 0.6, sway: 12 },
  { x: 436, size: 0.6, sway: 16 },
  { x: 84, size: 0.9, sway: -14 },
];

export function love(t: number): string {
  const knock = beat(t);
  const late = beat(t - 0.04);
  const sway = wave(t);
  const tip = 26 * wave(t, 1, -0.2);
  return sticker(
    stream(t, risers.length, (life, i) => {
      const { x, size, sway: wide } = risers[i]!;
      const at = { x: x + wide * wave(life * 1.4), y: 400 - 360 * life, tilt: wide * wave(life * 1.4, 1, 0.25) };
      return sized(size * bloom(life), at, heart(`up-${i}`));
    }),
    place(
      { x: 256, y: 492, tilt: 3 * sway, scaleX: 0.88 },
      place(
        stretched(1 + (late - 1) * 0.3),
        tail(
          `M96 -34C160 -24 ${n(206 + tip / 3)} -40 ${n(206 + tip / 2)} -90C${n(206 + tip)} -130 ${n(160 + tip)} -140 ${n(168 + tip)} -170`,
        ),
        body(),
        foot({ x: -64, y: -14 }, -6 - 6 * sway),
        foot({ x: 64, y: -14 }, 6 - 6 * sway),
        arm({ from: { x: -88, y: -168 }, elbow: { x: -162, y: -70 }, to: { x: -56 * knock, y: -80 }, width: 42 }),
        arm({ from: { x: 88, y: -168 }, elbow: { x: 162, y: -70 }, to: { x: 56 * knock, y: -80 }, width: 42 }),
        place(
          { x: 4 * sway, y: -264 - 24 * (late - 1), tilt: 7 * wave(t, 1, -0.08) },
          head({
            eyes: happyEyes(1),
            mouth: smile(),
            look: { x: 7 * sway, y: 6 - 40 * (late - 1) },
            ears: { left: 60 * (late - 1), right: 60 * (late - 1) },
            blush: 1.2 + 0.2 * swell(t, 2),
            whiskers: 5 * sway,
          }),
        ),
        place({ y: -98, tilt: -4 * sway, scaleX: 1.8 * knock }, heart("hug")),
        mitt({ x: -56 * knock, y: -80 }, 52),
        mitt({ x: 56 * knock, y: -80 }, -52),
      ),
    ),
    lettering("รักนะ", {
      x: 256,
      y: 110,
      tilt: -3 * sway,
      scaleX: 0.96 + (late - 1) * 0.5,
      size: 90,
      colour: "#ff8d9b",
    }),
  );
}
