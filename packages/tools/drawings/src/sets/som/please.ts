// นะๆๆ: begs with eyes like lakes.
import { arm, body, foot, mitt, tail } from "./body.js";
import { pleadingEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, stream, swell, wave } from "./motion.js";
import { pout } from "./mouths.js";
import { lettering, n, place, sized, sticker, stretched } from "./pen.js";
import { sparkle } from "./props.js";

const lights = [
  { x: 66, y: 220, size: 0.8 },
  { x: 446, y: 250, size: 0.9 },
  { x: 52, y: 330, size: 0.55 },
  { x: 470, y: 170, size: 0.6 },
];

export function please(t: number): string {
  const rub = wave(t, 3);
  const plea = swell(t, 1);
  const wiggle = wave(t, 3, -0.1);
  const tip = 14 * wave(t, 3, -0.25);
  return sticker(
    stream(t, lights.length, (life, i) => {
      const { x, y, size } = lights[i]!;
      return sized(size * bloom(life, 0.3, 0.5), { x, y: y - 24 * life, tilt: 40 * life }, sparkle());
    }),
    place(
      { x: 256, y: 490, tilt: 1.2 * wiggle, scaleX: 0.9, scaleY: 0.88 },
      place(
        stretched(1 + 0.025 * plea),
        tail(
          `M100 -34C164 -20 206 -40 ${n(204 + tip / 2)} -86C${n(202 + tip)} -120 ${n(170 + tip)} -124 ${n(176 + tip * 1.4)} -152`,
        ),
        body(),
        foot({ x: -66, y: -16 }, -4 + 3 * wiggle),
        foot({ x: 66, y: -16 }, 4 + 3 * wiggle),
        reaching(-1, 7 * rub),
        reaching(1, -7 * rub),
        place(
          { x: 3 * wiggle, y: -258 - 6 * plea, tilt: 7 * wave(t, 1, 0.05) },
          head({
            eyes: pleadingEyes(3 * wave(t, 4)),
            mouth: pout(0.7 * rub),
            look: { x: 3 * wave(t), y: -2 - 8 * plea },
            ears: { left: 30 - 10 * plea, right: 30 - 10 * plea },
            whiskers: 10 + 3 * wiggle,
            blush: 1.3,
          }),
        ),
        mitt({ x: -20, y: -128 + 7 * rub }, 12, 25, 31),
        mitt({ x: 20, y: -128 - 7 * rub }, -12, 25, 31),
      ),
    ),
    lettering("นะๆๆ", { x: 256, y: 106 + 4 * rub, tilt: -4 + 2 * wiggle, size: 90, colour: "#ff9fb0" }),
  );
}

const reaching = (way: -1 | 1, rub: number): string =>
  arm({
    from: { x: way * 88, y: -170 },
    elbow: { x: way * 164, y: -30 },
    to: { x: way * 26, y: -106 + rub },
    width: 44,
  });
