// ขอบคุณ: a wai and a deep bow.
import { arm, body, foot, mitt, tail } from "./body.js";
import { happyEyes, openEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, out, stream, track, wave } from "./motion.js";
import { smile } from "./mouths.js";
import { colours, lettering, n, place, sized, sticker } from "./pen.js";
import { sparkle } from "./props.js";

export function thanks(t: number): string {
  const bow = track(t, [
    [0.02, 0],
    [0.12, -0.18],
    [0.38, 1.06, out],
    [0.46, 1],
    [0.64, 1],
    [0.86, -0.06],
    [0.95, 0],
  ]);
  const late = track(t - 0.06, [
    [0.02, 0],
    [0.38, 1],
    [0.64, 1],
    [0.9, 0],
  ]);
  const tip = 22 * wave(t, 1, 0.2);
  return sticker(
    stream(t, 4, (life, i) => {
      const way = i % 2 === 0 ? -1 : 1;
      const at = { x: 256 + way * (196 + 14 * wave(life)), y: 330 - 150 * life + (i % 3) * 24, tilt: way * 50 * life };
      return sized((i < 2 ? 1 : 0.7) * bloom(life, 0.35, 0.4), at, sparkle(i < 2 ? colours.yellow : "#ffb3c0"));
    }),
    place(
      { x: 256, y: 490, scaleX: 0.9 + 0.02 * bow, scaleY: 0.88 - 0.04 * bow },
      tail(
        `M96 -34C160 -24 ${n(206 + tip / 3)} -50 ${n(200 + tip)} -110C${n(196 + tip)} -140 ${n(206 + tip)} -156 ${n(222 + tip)} -168`,
      ),
      body(),
      foot({ x: -66, y: -16 }, -4),
      foot({ x: 66, y: -16 }, 4),
      reaching(-1, 34 * bow),
      reaching(1, 34 * bow),
      place(
        { y: -262 + 40 * bow, scaleX: 1 + 0.03 * bow, scaleY: 1 - 0.03 * bow },
        head({
          eyes: bow > 0.35 ? happyEyes(0.9) : openEyes({ blink: Math.max(0, bow * 2) }),
          mouth: smile(),
          look: { x: 0, y: 4 + 20 * bow },
          ears: { left: 4 + 22 * late, right: 4 + 22 * late },
          blush: 1.15,
          whiskers: 8 * late,
        }),
      ),
      place({ y: 34 * bow }, mitt({ x: -20, y: -136 }, 10, 25, 33), mitt({ x: 20, y: -136 }, -10, 25, 33)),
    ),
    lettering("ขอบคุณ", { x: 256, y: 108 + 8 * bow, tilt: -3, size: 82, colour: colours.yellow }),
  );
}

const reaching = (way: -1 | 1, low: number): string =>
  arm({
    from: { x: way * 88, y: -170 },
    elbow: { x: way * 164, y: -30 },
    to: { x: way * 26, y: -112 + low },
    width: 44,
  });
