// โอเค: winds up, thrusts out a thumb, winks; a twinkle on top.
import { arm, body, foot, tail } from "./body.js";
import { winkingEyes } from "./eyes.js";
import { head } from "./head.js";
import { overshoot, soft, track, wave } from "./motion.js";
import { laughing, smile } from "./mouths.js";
import { colours, ink, lettering, n, oval, place, sized, sticker, stretched, stroke } from "./pen.js";
import { sparkle } from "./props.js";

export function okay(t: number): string {
  const thrust = track(t, [
    [0.06, 0],
    [0.16, -0.25],
    [0.36, 1, overshoot],
    [0.8, 1],
    [1, 0],
  ]);
  const crouch = track(t, [
    [0.04, 1],
    [0.16, 0.93],
    [0.3, 1.05, soft],
    [0.42, 1],
    [0.8, 1],
    [0.9, 0.98],
  ]);
  const lean = track(t - 0.04, [
    [0.06, -3],
    [0.16, -7],
    [0.38, 7, overshoot],
    [0.8, 6],
  ]);
  const wink = track(t, [
    [0.3, 0],
    [0.38, 1],
    [0.76, 1],
    [0.84, 0],
  ]);
  const tip = 20 * wave(t, 1, 0.1);
  return sticker(
    place(
      { x: 242, y: 490, scaleX: 0.88, scaleY: 0.86 },
      place(
        stretched(crouch),
        tail(
          `M-96 -34C-160 -24 -194 -60 ${n(-184 + tip * 0.7)} -120C${n(-180 + tip * 0.7)} -150 ${n(-188 + tip)} -164 ${n(-198 + tip * 1.2)} -180`,
        ),
        body(),
        foot({ x: -62, y: -16 }, -4),
        foot({ x: 66, y: -16 }, 4),
        arm({ from: { x: -88, y: -172 }, elbow: { x: -150, y: -110 }, to: { x: -84, y: -74 } }),
        place(
          { x: lean, y: -262, tilt: lean },
          head({
            eyes: winkingEyes(wink),
            mouth: wink > 0.5 ? laughing(0.35 + 0.1 * wave(t, 2), 1) : smile(),
            look: { x: lean * 1.2, y: 2 - lean * 0.4 },
            ears: { left: 4 - lean, right: 4 + lean },
            whiskers: lean,
          }),
        ),
        thumb(thrust),
      ),
    ),
    twinkle(t),
    lettering("โอเค!", {
      x: 244,
      y: 112,
      tilt: -5 + lean * 0.4,
      size: 88 + 10 * Math.max(0, thrust - 0.9),
      colour: "#7fe0a6",
    }),
  );
}

/** The arm towards us: from 0 at the belly to 1, big, beside the cheek. */
function thumb(out: number): string {
  const at = { x: 84 + 86 * out, y: -84 - 72 * out };
  const size = 0.78 + 0.5 * Math.max(-0.2, out);
  const root = { x: 104, y: -140 };
  const d = `M${root.x} ${root.y}Q${n(150 + 20 * out)} ${n(-60 + 20 * out)} ${n(at.x)} ${n(at.y + 20 * out)}`;
  return [
    `<path d="${d}" fill="none" stroke="${ink}" stroke-width="66"/>`,
    `<path d="${d}" fill="none" stroke="${colours.fur}" stroke-width="48" stroke-linecap="round"/>`,
    place({ ...at, tilt: -6 + 10 * out, scaleX: size }, fist()),
  ].join("");
}

function fist(): string {
  const nub = "M-14 -28V-58A17 17 0 0 1 20 -58V-20Z";
  const palm = "M-44 0C-46 -30 -20 -36 4 -36C34 -36 48 -22 46 4C44 32 26 40 0 40C-28 40 -43 28 -44 0Z";
  return [
    stroke(nub, 16),
    `<path d="${palm}" fill="${colours.creamShade}" stroke="${ink}" stroke-width="9"/>`,
    oval(-3, -3, 38, 31, colours.cream),
    `<path d="M-13 -16V-57A16 16 0 0 1 19 -57V-16Z" fill="${colours.cream}"/>`,
    stroke("M44 -10H24M46 6H22M42 22H24", 7),
    stroke("M-14 -34Q-12 -22 -20 -16", 7),
  ].join("");
}

function twinkle(t: number): string {
  const on = track(t, [
    [0.34, 0],
    [0.46, 1.5, overshoot],
    [0.56, 0.9],
    [0.66, 1.2],
    [0.8, 0],
  ]);
  const small = track(t, [
    [0.44, 0],
    [0.54, 0.75, overshoot],
    [0.76, 0],
  ]);
  return (
    sized(on, { x: 446, y: 222, tilt: 60 * t }, sparkle()) +
    sized(small, { x: 478, y: 300, tilt: -40 * t }, sparkle("#fff")) +
    sized(small, { x: 440, y: 150, tilt: 20 }, sparkle("#fff"))
  );
}
