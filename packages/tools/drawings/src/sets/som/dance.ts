// เย้!: dances from one foot to the other, paws in the air.
import { arm, body, foot, tail } from "./body.js";
import { happyEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, stream, swell, wave } from "./motion.js";
import { laughing } from "./mouths.js";
import { colours, lettering, n, place, sized, sticker } from "./pen.js";
import { note } from "./props.js";

const notes = [
  { x: 58, colour: colours.violet, double: true },
  { x: 452, colour: colours.teal, double: false },
  { x: 82, colour: colours.red, double: false },
  { x: 440, colour: colours.blue, double: true },
];

export function dance(t: number): string {
  const side = Math.sin((Math.PI / 2) * wave(t)) * 1.02;
  const late = wave(t, 1, -0.09);
  const later = wave(t, 1, -0.17);
  const up = swell(t, 2);
  const lift = { left: Math.max(0, side), right: Math.max(0, -side) };
  return sticker(
    stream(t, notes.length, (life, i) => {
      const { x, colour, double } = notes[i]!;
      const at = { x: x + 10 * wave(life * 1.2, 1, i / 2), y: 300 - 240 * life, tilt: 18 * wave(life * 1.6, 1, i / 3) };
      return sized(1.05 * bloom(life), at, note(colour, double));
    }),
    place(
      { x: 248, y: 492, scaleX: 0.84, scaleY: 0.82 },
      place(
        { x: 24 * side, y: -16 - 10 * up, tilt: 9 * side, scaleX: 1.03 - 0.06 * up, scaleY: 0.95 + 0.09 * up },
        tail(
          `M92 -34C150 -4 ${n(196 + 10 * late)} -20 ${n(206 + 14 * late)} -66C${n(210 + 20 * later)} -94 ${n(196 + 30 * later)} -104 ${n(204 + 40 * later)} -126`,
          42,
        ),
        body(),
        raised(-1, later, up),
        raised(1, later, up),
        place(
          { x: 16 * late, y: -258, tilt: -15 * late },
          head({
            eyes: happyEyes(1.1),
            mouth: laughing(0.45 + 0.3 * up, 1.15),
            look: { x: 10 * late, y: -2 - 8 * up },
            ears: { left: 10 * later + 6 * up, right: -10 * later + 6 * up },
            whiskers: 8 * wave(t, 2, -0.1),
          }),
        ),
      ),
      foot({ x: -66 + 20 * lift.left, y: -18 - 34 * lift.left }, 16 * lift.left - 6),
      foot({ x: 66 - 20 * lift.right, y: -18 - 34 * lift.right }, 6 - 16 * lift.right),
    ),
    lettering("เย้!", { x: 256 - 12 * late, y: 122 - 10 * up, tilt: -8 * late, size: 100, colour: colours.yellow }),
  );
}

/** An arm that pumps up when the hips swing its way, and down when they leave. */
function raised(way: -1 | 1, later: number, up: number): string {
  const high = 0.5 + 0.5 * way * later;
  return arm({
    from: { x: way * 90, y: -166 },
    elbow: { x: way * (176 - 16 * high), y: -130 - 10 * high },
    to: { x: way * (196 - 10 * high), y: -190 - 96 * high - 8 * up },
    paw: "pads",
  });
}
