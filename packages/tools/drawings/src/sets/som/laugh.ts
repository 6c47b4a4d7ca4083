// 5555: laughs so hard that he hops.
import { arm, body, foot, tail } from "./body.js";
import { happyEyes, squeezedEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, fall, out, stream, track, wave } from "./motion.js";
import { laughing } from "./mouths.js";
import { colours, lettering, n, place, sized, sticker, stretched } from "./pen.js";
import { drop } from "./props.js";

/** Two hops a loop: crouch, leap, land, give. */
const hop = (t: number): number => (t * 2) % 1;

export function laugh(t: number): string {
  const now = hop(t);
  const stretch = track(now, [
    [0, 0.86],
    [0.24, 1.1, out],
    [0.5, 1],
    [0.74, 1.08],
    [0.84, 0.84, out],
  ]);
  const height = track(now, [
    [0.08, 0, fall],
    [0.44, 36, out],
    [0.8, 0, fall],
  ]);
  const nod = track(now - 0.1, [
    [0.1, 8],
    [0.5, -12, out],
  ]);
  const side = track(t, [
    [0.05, 1],
    [0.42, 1],
    [0.55, -1],
    [0.92, -1],
  ]);
  const lift = height / 36;
  return sticker(
    place(
      { x: 256 + side * 4 * lift, y: 490 - height, tilt: side * 4 * lift, scaleX: 0.87, scaleY: 0.83 },
      place(
        stretched(stretch),
        tail(
          `M96 -34C170 -24 ${n(214 - 10 * lift)} ${n(-50 + 30 * lift)} ${n(204 + 8 * lift)} ${n(-110 + 40 * lift)}C${n(200 + 10 * lift)} ${n(-140 + 54 * lift)} 206 ${n(-160 + 86 * lift)} ${n(222 + 10 * lift)} ${n(-176 + 110 * lift)}`,
        ),
        body(),
        foot({ x: -66, y: -14 + 6 * lift }, -4 - 24 * lift),
        foot({ x: 66, y: -14 + 6 * lift }, 4 + 24 * lift),
        arm({ from: { x: -84, y: -172 }, elbow: { x: -152, y: -110 + nod }, to: { x: -42, y: -84 + nod * 0.7 } }),
        arm({ from: { x: 84, y: -172 }, elbow: { x: 152, y: -110 + nod }, to: { x: 42, y: -74 + nod * 0.7 } }),
        place(
          { y: -262 + nod, tilt: side * (2 - 6 * lift) },
          head({
            eyes: side > 0 ? squeezedEyes() : happyEyes(1.1),
            mouth: laughing(0.75 + 0.3 * lift, 1.35),
            look: { x: -side * 6, y: -6 + nod * 0.6 },
            ears: { left: 16 - nod * 1.4, right: 16 - nod * 1.4 },
            whiskers: nod,
            nose: true,
          }),
        ),
      ),
    ),
    stream(t, 4, (life, i) => {
      const way = i % 2 === 0 ? -1 : 1;
      const x = 256 + way * (104 + 124 * life);
      const y = 296 - 190 * life + 300 * life * life;
      const heading = (Math.atan2(-190 + 600 * life, way * 124) * 180) / Math.PI;
      return sized(1.15 * bloom(life, 0.12, 0.3), { x, y, tilt: heading - 90 }, drop());
    }),
    digits(t),
  );
}

const digits = (t: number): string =>
  [0, 1, 2, 3]
    .map((i) => {
      const jump = Math.max(0, wave(t, 2, -i * 0.14));
      const at = {
        x: 124 + i * 88,
        y: 106 - 22 * jump + Math.abs(i - 1.5) * 8,
        tilt: (i - 1.5) * 6 + 6 * wave(t, 2, -i * 0.14),
      };
      return lettering("5", { ...at, size: 104 + 8 * jump, colour: colours.yellow });
    })
    .join("");
