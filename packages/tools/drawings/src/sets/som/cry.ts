// ฮือออ: fountains of tears and a growing puddle.
import { arm, body, foot, tail } from "./body.js";
import { squeezedEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, stream, swell, wave } from "./motion.js";
import { howling } from "./mouths.js";
import { colours, ink, lettering, mirrored, n, place, sized, sticker, stretched } from "./pen.js";
import { drop } from "./props.js";

export function cry(t: number): string {
  const sob = swell(t, 3);
  const shake = wave(t, 6);
  const rock = wave(t, 3, 0.2);
  return sticker(
    puddle(t),
    place(
      { x: 256, y: 480, tilt: 1.2 * rock, scaleX: 0.88, scaleY: 0.87 },
      place(
        stretched(0.97 + 0.06 * sob),
        tail(
          `M96 -30C130 -4 164 0 ${n(172 + 3 * rock)} -28C${n(178 + 3 * rock)} -56 ${n(166 - 4 * sob)} -66 ${n(152 - 4 * sob)} ${n(-72 - 8 * sob)}`,
          38,
        ),
        body(),
        foot({ x: -72, y: -12 }, -12 - 10 * sob),
        foot({ x: 72, y: -12 }, 12 + 10 * sob),
        arm({ from: { x: -84, y: -172 }, elbow: { x: -128, y: -120 }, to: { x: -64, y: -92 + 8 * sob } }),
        arm({ from: { x: 84, y: -172 }, elbow: { x: 128, y: -120 }, to: { x: 64, y: -92 + 8 * sob } }),
        place(
          { y: -258 - 8 * sob, tilt: 3 * rock },
          head({
            eyes: squeezedEyes(),
            mouth: howling(0.75 + 0.4 * sob, shake),
            look: { x: 2 * shake, y: -12 - 6 * sob },
            ears: { left: 24 + 8 * sob, right: 24 + 8 * sob },
            whiskers: 14 + 4 * shake,
            nose: true,
          }),
          fountain(t, sob),
          mirrored(fountain(t + 0.5, sob)),
        ),
      ),
    ),
    stream(t, 4, (life, i) => {
      const way = i % 2 === 0 ? -1 : 1;
      const at = { x: 256 + way * (186 + (i < 2 ? -50 : 46) * life), y: 446 - 150 * life + 150 * life * life };
      return sized(0.85 * bloom(life), { ...at, tilt: way * (20 + 130 * life) }, drop());
    }),
    lettering("ฮือออ", { x: 256 + 3 * shake, y: 108, tilt: -3, size: 84 + 6 * sob, colour: colours.blueLight }),
  );
}

/** The right-hand jet: out of the eye's corner, up, and down in front of the shoulder. */
function fountain(t: number, sob: number): string {
  const peak = -52 - 26 * sob;
  const d = `M112 8C130 ${n(peak)} 172 ${n(peak - 8)} 190 40C${n(198 + 4 * sob)} 90 202 150 ${n(202 + 6 * wave(t, 3))} 226`;
  const jet = (width: number, colour: string, more = ""): string =>
    `<path d="${d}" pathLength="100" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" ${more}/>`;
  const flow = n(-40 * ((t * 3) % 1));
  return [
    jet(42, ink),
    jet(25, colours.blue),
    `<g transform="translate(-3 0)">${jet(13, colours.blueLight)}</g>`,
    jet(6, "#fff", `stroke-dasharray="14 26" stroke-dashoffset="${flow}"`),
  ].join("");
}

function puddle(t: number): string {
  const w = 1 + 0.02 * wave(t, 3);
  const ring = (life: number, x: number): string =>
    `<ellipse cx="${x}" cy="474" rx="${n(14 + 40 * life)}" ry="${n(4 + 10 * life)}" fill="none" stroke="#fff" stroke-width="${n(6 * (1 - life))}"/>`;
  return [
    place(
      { x: 256, y: 470, scaleX: w, scaleY: 1 },
      `<path d="M-236 4C-236 -26 -150 -32 0 -32C150 -32 236 -26 236 4C236 30 140 28 0 28C-140 28 -236 30 -236 4Z" fill="${colours.blue}"
        stroke="${ink}" stroke-width="9"/><ellipse cx="0" cy="-4" rx="206" ry="18" fill="${colours.blueLight}"/>`,
    ),
    stream(t * 3, 1, (life) => ring(life, 88)),
    stream(t * 3 + 0.5, 1, (life) => ring(life, 424)),
  ].join("");
}
