// Small things around the character: hearts, tears, sparkles, steam, confetti.
import {
  at,
  dashes,
  type Hue,
  ink,
  inside,
  linedOval,
  oval,
  type Point,
  patch,
  rose,
  sea,
  shape,
  stroke,
  sun,
} from "./pen.js";

/** A plump heart, about 100 wide at scale 1. */
export function heart(center: Point, scale = 1, turn = 0, hue: Hue = rose, width = 8): string {
  const d = "M 0 44 C -20 30 -52 8 -52 -18 C -52 -46 -14 -54 0 -24 C 14 -54 52 -46 52 -18 C 52 8 20 30 0 44 Z";
  const shaded = shape(d, hue.shade, width / scale) + inside(d, at([-7, -8], patch(d, hue.base)));
  const gleam = stroke("M -36 -14 C -36 -24 -32 -29 -25 -31", 9, hue.light);
  return at(center, `${shaded}${gleam}${stroke(d, width / scale)}`, turn, scale);
}

/** A four-pointed sparkle with a line. */
export function sparkle(center: Point, scale = 1, fill: string = sun.base): string {
  const d = "M 0 -26 C 4 -9 9 -4 26 0 C 9 4 4 9 0 26 C -4 9 -9 4 -26 0 C -9 -4 -4 -9 0 -26 Z";
  return at(center, shape(d, fill, 6 / scale), 8, scale);
}

/** A fat round-cornered star. */
export function star(center: Point, scale = 1, turn = 0, hue: Hue = sun): string {
  const points = Array.from({ length: 10 }, (_, i) => {
    const [r, angle] = [i % 2 === 0 ? 30 : 15.5, (i * Math.PI) / 5 - Math.PI / 2];
    return `${(Math.cos(angle) * r).toFixed(1)} ${(Math.sin(angle) * r).toFixed(1)}`;
  });
  const d = `M ${points.join(" L ")} Z`;
  const fill = `<path d="${d}" fill="${hue.base}" stroke="${hue.base}" stroke-width="7" stroke-linejoin="round"/>`;
  const line = `<path d="${d}" fill="${ink}" stroke="${ink}" stroke-width="${7 + 13 / scale}" stroke-linejoin="round"/>`;
  return at(center, `${line}${fill}${oval([-7, -7], 5, 5, hue.light)}`, turn, scale);
}

/** A falling drop, tip up: a tear or sweat. */
export function drop(center: Point, scale = 1, turn = 0): string {
  const d = "M 0 -28 C 10 -10 20 0 20 12 C 20 24 11 31 0 31 C -11 31 -20 24 -20 12 C -20 0 -10 -10 0 -28 Z";
  return at(center, shape(d, sea.base, 6 / scale) + stroke("M -9 12 C -9 17 -6 21 -2 22", 5, "#fff"), turn, scale);
}

/** A puff of steam or dust. */
export function puff(center: Point, scale = 1, turn = 0, fill = "#fff", shade = "#f3d9cf"): string {
  const d =
    "M -34 16 C -52 14 -50 -12 -32 -12 C -32 -34 -2 -38 6 -22 C 22 -36 46 -20 38 -4 C 54 4 46 24 28 20 C 16 34 -8 34 -14 22 C -20 26 -30 24 -34 16 Z";
  return at(
    center,
    shape(d, shade, 7 / scale) + inside(d, at([-4, -8], patch(d, fill))) + stroke(d, 7 / scale),
    turn,
    scale,
  );
}

/** The cross-shaped vein of anger. */
export function vein(center: Point, scale = 1, turn = 0): string {
  const arm = "M -7 -24 C -6 -12 -12 -6 -24 -7";
  const all = [0, 90, 180, 270].map((angle) => at([0, 0], stroke(arm, 17), angle)).join("");
  const red = [0, 90, 180, 270].map((angle) => at([0, 0], stroke(arm, 8, rose.base), angle)).join("");
  return at(center, all + red, turn, scale);
}

/** Short strokes fanning out from `center`, between two radii and two angles (degrees, 0 to the right). */
export function burst(
  center: Point,
  radii: Point,
  angles: Point,
  count: number,
  width = 8,
  color: string = ink,
): string {
  const step = count > 1 ? (angles[1] - angles[0]) / (count - 1) : 0;
  const ray = (i: number): readonly [Point, Point] => {
    const a = ((angles[0] + step * i) * Math.PI) / 180;
    const end = (r: number): Point => [round(center[0] + Math.cos(a) * r), round(center[1] + Math.sin(a) * r)];
    return [end(radii[0]), end(radii[1])];
  };
  return dashes(
    Array.from({ length: count }, (_, i) => ray(i)),
    width,
    color,
  );
}

const round = (value: number) => Math.round(value * 10) / 10;

/** A frangipani blossom. */
export function blossom(center: Point, scale = 1, turn = 0): string {
  const petal = "M 0 0 C -22 -8 -24 -36 -4 -42 C 18 -44 22 -16 0 0 Z";
  const petals = [0, 72, 144, 216, 288].map((angle) => at([0, 0], shape(petal, "#fff", 6 / scale), angle)).join("");
  const hearts = [0, 72, 144, 216, 288]
    .map((angle) => at([0, 0], patch("M 0 0 C -9 -6 -8 -20 -1 -24 C 8 -22 9 -8 0 0 Z", sun.base), angle))
    .join("");
  return at(center, petals + hearts, turn, scale);
}

/** A soap bubble. */
export function bubble(center: Point, radius: number): string {
  return (
    linedOval(center, radius, radius, sea.light, 6) +
    oval([center[0] - radius * 0.35, center[1] - radius * 0.4], radius * 0.28, radius * 0.22, "#fff")
  );
}

/** The shadow on the ground. */
export function ground([x, y]: Point, rx: number): string {
  return oval([x, y], rx, 12, "#e6d9ec");
}
