// Som's body: a pear that sits on 0,0, arms and tail of soft tube, paws.
import { colours, fill, ink, lineWidth, n, oval, type Point, shaded, stroke } from "./pen.js";

const pear = "M-80 -200C-122 -164 -156 -70 -144 -32C-133 0 -70 4 0 4C70 4 133 0 144 -32C156 -70 122 -164 80 -200Z";
const flanks = [
  "M-164 -118Q-116 -118 -98 -104Q-116 -92 -164 -94Z",
  "M-174 -72Q-122 -72 -104 -58Q-122 -44 -174 -46Z",
  "M164 -118Q116 -118 98 -104Q116 -92 164 -94Z",
  "M174 -72Q122 -72 104 -58Q122 -44 174 -46Z",
];

/** The body around its seat at 0,0, up to the neck at 0,-190. */
export function body(): string {
  const markings = flanks.map((d) => fill(d, colours.stripe)).join("") + oval(0, -66, 82, 84, colours.cream);
  return shaded({ id: "body", d: pear, base: colours.fur, shade: colours.furShade, inside: markings });
}

/** A hind paw, toes forward, around its middle. */
export function foot(at: Point, tilt = 0): string {
  return `<g transform="translate(${n(at.x)} ${n(at.y)}) rotate(${n(tilt)})">
    <ellipse rx="47" ry="27" fill="${colours.creamShade}" stroke="${ink}" stroke-width="${lineWidth}"/>
    ${oval(-2, -4, 40, 20, colours.cream)}${stroke("M-14 10V22M14 10V22", 7)}</g>`;
}

export interface Arm {
  readonly from: Point;
  readonly elbow: Point;
  readonly to: Point;
  /** What of the paw is seen. */
  readonly paw?: "back" | "pads";
  readonly width?: number;
}

/** An arm bent at the elbow. Its root has no line, so that it grows out of the body. */
export function arm({ from, elbow, to, paw = "back", width = 46 }: Arm): string {
  const d = `M${n(from.x)} ${n(from.y)}Q${n(elbow.x)} ${n(elbow.y)} ${n(to.x)} ${n(to.y)}`;
  const r = width / 2 + 6;
  const turn = (Math.atan2(to.y - elbow.y, to.x - elbow.x) * 180) / Math.PI + 90;
  const toes = stroke(`M-8 ${n(-r + 1)}V${n(-r + 13)}M8 ${n(-r + 1)}V${n(-r + 13)}`, 6.5);
  return `<path d="${d}" fill="none" stroke="${ink}" stroke-width="${n(width + 2 * lineWidth)}"/>
    <path d="${d}" fill="none" stroke="${colours.fur}" stroke-width="${n(width)}" stroke-linecap="round"/>
    <g transform="translate(${n(to.x)} ${n(to.y)}) rotate(${n(turn)})">${oval(0, 0, r + lineWidth, r + lineWidth - 2, ink)}
    <path d="M${-width / 2} ${r + 14}L${-width / 2} 0L${width / 2} 0L${width / 2} ${r + 14}Z" fill="${colours.fur}"/>
    ${oval(0, 0, r, r - 2, colours.creamShade)}${oval(-2, -2, r - 4, r - 5, colours.cream)}${paw === "pads" ? pads() : toes}</g>`;
}

/** A fore paw alone, toes up, for in front of what the arm goes behind. */
export function mitt(at: Point, tilt = 0, rx = 28, ry = 26): string {
  return `<g transform="translate(${n(at.x)} ${n(at.y)}) rotate(${n(tilt)})">
    <ellipse rx="${rx}" ry="${ry}" fill="${colours.creamShade}" stroke="${ink}" stroke-width="${lineWidth}"/>
    ${oval(-2, -3, rx - 5, ry - 5, colours.cream)}${stroke(`M-8 ${-ry + 1}V${-ry + 13}M8 ${-ry + 1}V${-ry + 13}`, 6.5)}</g>`;
}

const pads = (): string =>
  [
    oval(0, 7, 12, 9.5, colours.pink),
    oval(-15, -6, 5.5, 7, colours.pink),
    oval(0, -13, 6, 7.5, colours.pink),
    oval(15, -6, 5.5, 7, colours.pink),
  ].join("");

/** A tail along a path from its root, ringed, with a white tip. `width` is the tube's. */
export function tail(d: string, width = 46): string {
  const tube = (colour: string, size: number, more = ""): string =>
    `<path d="${d}" pathLength="100" fill="none" stroke="${colour}" stroke-width="${n(size)}" ${more}/>`;
  const round = 'stroke-linecap="round"';
  return [
    tube(ink, width + 2 * lineWidth, round),
    tube(colours.fur, width, round),
    tube(colours.stripe, width, 'stroke-dasharray="8 10 8 10 8 10 8 200" stroke-dashoffset="-14"'),
    tube(colours.cream, width, `${round} stroke-dasharray="0.1 200" stroke-dashoffset="-99.800"`),
    tube(colours.cream, width, 'stroke-dasharray="16 200" stroke-dashoffset="-84"'),
  ].join("");
}
