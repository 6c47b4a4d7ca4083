// สวัสดี: a big wave of the paw.
import { arm, body, foot, tail } from "./body.js";
import { openEyes } from "./eyes.js";
import { head } from "./head.js";
import { swell, track, wave } from "./motion.js";
import { laughing } from "./mouths.js";
import { colours, lettering, n, place, sticker } from "./pen.js";

export function hello(t: number): string {
  const swing = wave(t, 2);
  const lag = wave(t, 2, -0.12);
  const rise = swell(t, 2, 0.2);
  const blink = track(t, [
    [0.5, 0],
    [0.57, 1],
    [0.66, 0],
  ]);
  const tip = -196 + 20 * wave(t, 1, 0.1);
  const curl = tip + 12 * wave(t, 1, -0.1);
  return sticker(
    place(
      { x: 240, y: 490, tilt: 2 * swing, scaleX: 0.9 - 0.012 * rise, scaleY: 0.88 + 0.02 * rise },
      tail(`M-96 -34C-170 -24 -206 -70 ${n(tip)} -130C${n(tip + 6)} -158 ${n(curl)} -176 ${n(curl - 14)} -196`),
      body(),
      foot({ x: -62, y: -16 }, -4),
      foot({ x: 62, y: -16 }, 4 + 5 * lag),
      arm({ from: { x: -84, y: -172 }, elbow: { x: -124, y: -96 }, to: { x: -50, y: -80 + 4 * swing } }),
      arm({
        from: { x: 84, y: -168 },
        elbow: { x: 190 + 8 * swing, y: -150 },
        to: { x: 204 + 32 * lag, y: -282 + 12 * Math.abs(lag) },
        paw: "pads",
      }),
      place(
        { x: -6, y: -264, tilt: -6 + 4 * lag },
        head({
          eyes: openEyes({ blink }),
          mouth: laughing(0.3 + 0.4 * rise),
          look: { x: 8 + 5 * lag, y: 2 - 4 * rise },
          ears: { left: 6 * wave(t, 2, -0.25), right: 6 * wave(t, 2, 0.25) },
          whiskers: 6 * lag,
        }),
      ),
    ),
    lettering("สวัสดี", { x: 236, y: 122, tilt: -5 + 2 * lag, size: 92, colour: colours.yellow }),
  );
}
