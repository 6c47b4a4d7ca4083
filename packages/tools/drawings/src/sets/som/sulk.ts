// งอน: arms crossed, tail lashing; peeks to see whether anyone cares, and huffs.
import { arm, body, foot, tail } from "./body.js";
import { sulkyEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, out, overshoot, swell, track, wave } from "./motion.js";
import { pout } from "./mouths.js";
import { lettering, n, place, sized, sticker, stretched } from "./pen.js";
import { puff, temper } from "./props.js";

export function sulk(t: number): string {
  const peek = track(t, [
    [0.2, 0],
    [0.32, 1, out],
    [0.54, 1],
    [0.6, 0],
  ]);
  const turn = track(t, [
    [0, -20],
    [0.2, -20],
    [0.34, 6],
    [0.54, 8],
    [0.66, -24, overshoot],
    [0.8, -20],
  ]);
  const huff = track(t, [
    [0.5, 0],
    [0.58, -1],
    [0.66, 1, out],
    [0.95, 0],
  ]);
  const steam = (t + 0.38) % 1;
  const tap = Math.max(0, wave(t, 3));
  const lash = (late: number): number => wave(t, 2, -late);
  const d = `M104 -34C${n(176 + 16 * lash(0))} -14 ${n(206 + 26 * lash(0.06))} -50 ${n(202 + 40 * lash(0.12))} -100C${n(198 + 48 * lash(0.18))} -130 ${n(196 + 64 * lash(0.24))} -160 ${n(200 + 78 * lash(0.3))} ${n(-182 + 18 * Math.abs(lash(0.3)))}`;
  return sticker(
    jet(steam, -1),
    jet(steam, 1),
    place(
      { x: 244, y: 490, scaleX: 0.86, scaleY: 0.84 },
      place(
        stretched(1 + 0.045 * huff),
        tail(d, 44),
        body(),
        foot({ x: -66, y: -16 }, -5),
        foot({ x: 66, y: -16 - 9 * tap }, 5 - 14 * tap),
        arm({ from: { x: -98, y: -160 }, elbow: { x: -140, y: -92 }, to: { x: 20, y: -90 - 3 * huff } }),
        arm({ from: { x: 98, y: -160 }, elbow: { x: 146, y: -84 }, to: { x: -42, y: -106 - 3 * huff } }),
        place(
          { x: turn * 0.4, y: -262 - 8 * huff, tilt: turn * 0.35 },
          head({
            eyes: sulkyEyes(peek),
            mouth: pout(wave(t, 4)),
            look: { x: turn, y: -3 - 6 * huff },
            ears: { left: 20 - 12 * peek + 8 * huff, right: 20 - 26 * peek + 8 * huff },
            puff: 9 + 8 * huff - 4 * peek,
            whiskers: -6 * huff,
            blush: 1.35 + 0.15 * huff,
          }),
          sized(1 + 0.18 * wave(t, 3), { x: 138 + turn * 0.2, y: -96, tilt: 8 }, temper()),
        ),
      ),
    ),
    lettering("งอน!", { x: 232, y: 106, tilt: -6 + 3 * swell(t, 2), size: 92 + 6 * huff, colour: "#ff7b6b" }),
  );
}

/** A cloud that shoots out beside the cheek and swells as it goes. */
function jet(life: number, way: -1 | 1): string {
  if (life > 0.5) return "";
  const part = life / 0.5;
  const far = out(part);
  const at = { x: 250 + way * (140 + 52 * far), y: 206 - 40 * far, tilt: way * 14 };
  return sized((0.75 + 0.55 * far) * bloom(part, 0.12, 0.45), at, puff());
}
