// Arms, legs and hands: stubby tubes that grow out of the body without a seam.
import { at, coral, inside, type Point, patch, shape, stroke } from "./pen.js";

const steps = 16;

/** What a limb may change: its thickness at the root and at the tip, and its colours. */
export interface LimbLook {
  readonly from?: number;
  readonly to?: number;
  readonly fill?: string;
  readonly shade?: string;
}

/**
 * A tube along the quadratic curve root–bend–tip with a round end. Its line is open at the root, so that it
 * joins a body of the same colour; the side that lies lower is shaded.
 */
export function limb(root: Point, bend: Point, tip: Point, look: LimbLook = {}): string {
  const { from = 46, to = 42, fill = coral.base, shade = coral.shade } = look;
  const left: Point[] = [];
  const right: Point[] = [];
  const lower: Point[] = [];
  const lowerSide = sideBelow(root, tip);
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const [x, y] = curve(root, bend, tip, t);
    const [nx, ny] = normal(root, bend, tip, t);
    const half = (from + (to - from) * t) / 2;
    const bent = bendAt(root, bend, tip, t);
    const inner = Math.min(half, 0.9 / Math.max(Math.abs(bent), 1e-6));
    const [onLeft, onRight] = bent > 0 ? [inner, half] : [half, inner];
    left.push([x + nx * onLeft, y + ny * onLeft]);
    right.push([x - nx * onRight, y - ny * onRight]);
    lower.push([x + nx * half * lowerSide * 0.42, y + ny * half * lowerSide * 0.42]);
  }
  const [nx, ny] = normal(root, bend, tip, 1);
  const start = Math.atan2(ny, nx);
  const cap: Point[] = Array.from({ length: 11 }, (_, i) => {
    const angle = start - (Math.PI * (i + 1)) / 12;
    return [tip[0] + (Math.cos(angle) * to) / 2, tip[1] + (Math.sin(angle) * to) / 2];
  });
  const outline = lines([...left, ...cap, ...[...right].reverse()]);
  const edge = lowerSide > 0 ? left : right;
  const strip = lines([...edge, ...[...lower].reverse()]);
  return shape(outline, fill) + inside(outline, patch(strip, shade)) + stroke(outline);
}

/** Signed curvature at t; the inner side of a tight bend is kept within its radius, or the line would cross itself. */
function bendAt(a: Point, b: Point, c: Point, t: number): number {
  const [dx, dy] = [
    2 * ((1 - t) * (b[0] - a[0]) + t * (c[0] - b[0])),
    2 * ((1 - t) * (b[1] - a[1]) + t * (c[1] - b[1])),
  ];
  const [ddx, ddy] = [2 * (a[0] - 2 * b[0] + c[0]), 2 * (a[1] - 2 * b[1] + c[1])];
  return (dx * ddy - dy * ddx) / (Math.hypot(dx, dy) ** 3 || 1);
}

function curve(a: Point, b: Point, c: Point, t: number): Point {
  const u = 1 - t;
  return [u * u * a[0] + 2 * u * t * b[0] + t * t * c[0], u * u * a[1] + 2 * u * t * b[1] + t * t * c[1]];
}

function normal(a: Point, b: Point, c: Point, t: number): Point {
  const dx = (1 - t) * (b[0] - a[0]) + t * (c[0] - b[0]);
  const dy = (1 - t) * (b[1] - a[1]) + t * (c[1] - b[1]);
  const length = Math.hypot(dx, dy) || 1;
  return [-dy / length, dx / length];
}

/** +1 when the left normal of root→tip points down (or right, for an upright limb), else -1. */
function sideBelow(root: Point, tip: Point): 1 | -1 {
  const [nx, ny] = [root[1] - tip[1], tip[0] - root[0]];
  return ny + nx * 0.4 >= 0 ? 1 : -1;
}

function lines(points: readonly Point[]): string {
  return `M ${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(" L ")}`;
}

/** A small foot, toe to the right; mirror it with `turn` 180 or a negative scale. */
export function foot([x, y]: Point, turn = 0): string {
  const sole = "M -32 4 C -34 -20 -10 -26 8 -24 C 30 -22 40 -10 38 4 C 36 18 20 20 2 20 C -18 20 -31 18 -32 4 Z";
  return at(
    [x, y],
    shape(sole, coral.shade) + patch("M -18 -8 C -10 -17 8 -17 18 -12 C 8 -10 -6 -8 -18 -8 Z", coral.light),
    turn,
  );
}

/** Both palms pressed together, fingers up: the middle of a wai. Its wrists are at 0,30. */
export function palms(center: Point, turn = 0, scale = 1): string {
  const half = "M 0 -58 C 14 -44 30 -18 28 8 C 27 26 16 36 0 36";
  const hand = (side: 1 | -1) => at([0, 0], shape(half, side === 1 ? coral.base : coral.light), 0, [side, 1]);
  return at(center, `${hand(1)}${hand(-1)}${stroke("M 0 -56 L 0 34", 6)}`, turn, scale);
}

/** A fist with its thumb up, seen from the front; the wrist is at 0,52. */
export function thumbUp(center: Point, turn = 0, scale = 1): string {
  const thumb = "M -22 0 C -26 -22 -6 -34 -4 -58 C -2 -78 28 -76 28 -50 C 28 -34 24 -22 20 -8";
  const fist =
    "M -34 -2 C -36 -16 -24 -20 -8 -18 L 30 -18 C 48 -18 52 0 44 6 C 54 14 52 28 42 30 C 48 40 42 52 28 52 L -14 52 C -30 50 -36 34 -34 -2 Z";
  return at(
    center,
    `${shape(thumb, coral.base)}${shape(fist, coral.base)}${inside(fist, patch("M -40 60 L -40 36 C -10 46 30 42 60 20 L 60 60 Z", coral.shade))}
    ${stroke(fist)}${stroke("M 44 6 L 14 6 M 42 30 L 16 30", 6)}${stroke("M 10 -58 C 14 -62 18 -60 18 -52", 6, coral.light)}`,
    turn,
    scale,
  );
}
