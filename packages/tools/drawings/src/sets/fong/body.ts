// Fong's body: a plump speech bubble with its tail, a cream front and a small bubble for a topknot.
import {
  at,
  coral,
  cream,
  type Hue,
  inside,
  linedOval,
  lineWidth,
  oval,
  type Point,
  patch,
  shape,
  stroke,
} from "./pen.js";

/** How a body is built. Half sizes in picture units; `front` moves the cream face area (and the face with it). */
export interface Build {
  readonly width?: number;
  readonly height?: number;
  readonly front?: Point;
  readonly color?: Hue;
  /** Degrees the topknot leans; null leaves it out. */
  readonly knot?: number | null;
}

/** The outline around 0,0, from the half width and half height; the tail is at the lower left. */
export function outline(w: number, h: number): string {
  const p = (x: number, y: number) => `${(x * w).toFixed(1)} ${(y * h).toFixed(1)}`;
  return [
    `M ${p(0, -1)}`,
    `C ${p(0.66, -1)} ${p(1, -0.62)} ${p(1, 0.1)}`,
    `C ${p(1, 0.74)} ${p(0.62, 1)} ${p(0.02, 1)}`,
    `C ${p(-0.14, 1)} ${p(-0.3, 0.99)} ${p(-0.44, 0.95)}`,
    `C ${p(-0.56, 1.08)} ${p(-0.76, 1.2)} ${p(-0.97, 1.2)}`,
    `C ${p(-1.05, 1.2)} ${p(-1.06, 1.13)} ${p(-1.0, 1.07)}`,
    `C ${p(-0.9, 0.97)} ${p(-0.86, 0.86)} ${p(-0.84, 0.7)}`,
    `C ${p(-0.95, 0.54)} ${p(-1, 0.34)} ${p(-1, 0.1)}`,
    `C ${p(-1, -0.62)} ${p(-0.66, -1)} ${p(0, -1)} Z`,
  ].join(" ");
}

/** The body with its shading, without face and limbs. */
export function body(build: Build = {}): string {
  const { width: w = 148, height: h = 132, front = [0, 0], color = coral, knot = 8 } = build;
  const skin = outline(w, h);
  const lit = `${at([-w * 0.09, -h * 0.1], `<path d="${skin}" fill="${color.base}"/>`)}`;
  const glow = `M ${-w * 0.8} ${-h * 0.2} C ${-w * 0.74} ${-h * 0.6} ${-w * 0.5} ${-h * 0.84} ${-w * 0.2} ${-h * 0.88}`;
  return [
    knot === null ? "" : topknot([w * 0.06, -h + 6], knot),
    shape(skin, color.shade),
    inside(skin, lit + at(front, creamFront(w, h))),
    stroke(glow, 13, color.light),
    oval([-w * 0.03, -h * 0.885], 7, 6, color.light),
    stroke(skin, lineWidth),
  ].join("");
}

function creamFront(w: number, h: number): string {
  const area = (rx: number, ry: number) =>
    `M 0 ${-ry * 0.9} C ${rx * 0.62} ${-ry * 1.02} ${rx} ${-ry * 0.6} ${rx} ${ry * 0.06} C ${rx} ${ry * 0.74} ${rx * 0.56} ${ry} 0 ${ry}
     C ${-rx * 0.56} ${ry} ${-rx} ${ry * 0.74} ${-rx} ${ry * 0.06} C ${-rx} ${-ry * 0.6} ${-rx * 0.62} ${-ry * 1.02} 0 ${-ry * 0.9} Z`;
  const edge = area(w * 0.74, h * 0.73);
  return at([0, h * 0.1], patch(edge, cream.shade) + inside(edge, at([-8, -9], patch(edge, cream.base))));
}

/** The topknot: a large and a small bubble standing on the head. */
export function topknot(foot: Point, turn: number): string {
  const ball = linedOval([0, -20], 25, 24, coral.light) + oval([-8, -28], 7, 6, "#fff", 0.9);
  const small = linedOval([31, -34], 12, 12, coral.light, 7) + oval([28, -38], 3.5, 3.5, "#fff", 0.9);
  return at(foot, small + ball, turn);
}
