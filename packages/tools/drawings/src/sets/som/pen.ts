// The pen all parts are drawn with: colours, line, placing, shaded shapes, lettering, the sticker's white edge.

export const ink = "#4f2a1c";
export const lineWidth = 9;

export const colours = {
  fur: "#ffac4d",
  furShade: "#f58f33",
  stripe: "#e2701f",
  cream: "#fff8ec",
  creamShade: "#f1dcc4",
  pink: "#ff9d9a",
  blush: "#ff7f6e",
  mouth: "#9c2f3a",
  tongue: "#ff8287",
  red: "#f2485b",
  redShade: "#cf2f4b",
  yellow: "#ffd34e",
  blue: "#4fb6f0",
  blueLight: "#b9e6ff",
  teal: "#1f9d94",
  violet: "#7d63d1",
  lilac: "#b8a5f2",
} as const;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Placing {
  readonly x?: number;
  readonly y?: number;
  /** Degrees, clockwise. */
  readonly tilt?: number;
  readonly scaleX?: number;
  readonly scaleY?: number;
}

/** A number short enough for a path. */
export const n = (value: number): string => String(Math.round(value * 100) / 100);

/** Draws around 0,0, then scales, tilts and moves, in this order. */
export function place(at: Placing, ...content: readonly string[]): string {
  const { x = 0, y = 0, tilt = 0, scaleX = 1, scaleY = scaleX } = at;
  const transform = `translate(${n(x)} ${n(y)}) rotate(${n(tilt)}) scale(${n(scaleX)} ${n(scaleY)})`;
  return `<g transform="${transform}">${content.join("")}</g>`;
}

/** Squashes (below 1) or stretches (above 1) what stands on 0,0, keeping its volume. */
export const stretched = (stretch: number): Placing => ({ scaleX: 1 / Math.sqrt(stretch), scaleY: stretch });

/** The same, looking the other way. */
export const mirrored = (content: string): string => `<g transform="scale(-1 1)">${content}</g>`;

/** Scales evenly around 0,0; nothing at all when too small to see. */
export const sized = (scale: number, at: Placing, content: string): string =>
  scale < 0.25 ? "" : place({ ...at, scaleX: scale, scaleY: scale }, content);

export const stroke = (d: string, width = lineWidth, colour: string = ink): string =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${n(width)}" stroke-linecap="round" stroke-linejoin="round"/>`;

export const fill = (d: string, colour: string): string => `<path d="${d}" fill="${colour}"/>`;

export const oval = (x: number, y: number, rx: number, ry: number, colour: string, rest = ""): string =>
  `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(Math.max(0, rx))}" ry="${n(Math.max(0, ry))}" fill="${colour}" ${rest}/>`;

export interface Shaded {
  /** Unique in the picture: it names the clip. */
  readonly id: string;
  readonly d: string;
  readonly base: string;
  readonly shade: string;
  /** How far the lit part is moved off the shade. */
  readonly light?: Point;
  /** Drawn on the shape and cut off at its edge. */
  readonly inside?: string;
  readonly width?: number;
}

/** A closed shape with a darker crescent on one side, its markings, and the line around it. */
export function shaded(shape: Shaded): string {
  const { id, d, base, shade, light = { x: -13, y: -15 }, inside = "", width = lineWidth } = shape;
  return `<clipPath id="${id}"><path d="${d}"/></clipPath><g clip-path="url(#${id})">${fill(d, shade)}
    <g transform="translate(${light.x} ${light.y})">${fill(d, base)}</g>${inside}</g>${stroke(d, width)}`;
}

export interface Lettering extends Placing {
  readonly size?: number;
  readonly colour: string;
}

/** Bold rounded words, centred on their place, with a dark edge. */
export function lettering(words: string, at: Lettering): string {
  const { size = 84, colour } = at;
  return place(
    at,
    `<text font-family="Mali" font-weight="700" font-size="${size}" text-anchor="middle" fill="${colour}"
      stroke="${ink}" stroke-width="13" stroke-linejoin="round" paint-order="stroke">${words}</text>`,
  );
}

/** A whole frame: everything gets one soft white edge, as if cut out of paper. */
export function sticker(...content: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><defs>
    <filter id="edge" x="0" y="0" width="512" height="512" filterUnits="userSpaceOnUse" color-interpolation-filters="sRGB">
      <feMorphology in="SourceAlpha" operator="dilate" radius="8"/><feGaussianBlur stdDeviation="4"/>
      <feComponentTransfer result="grown"><feFuncA type="linear" slope="7" intercept="-1.6"/></feComponentTransfer>
      <feFlood flood-color="#fff"/><feComposite in2="grown" operator="in"/>
      <feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge>
    </filter></defs><g filter="url(#edge)"><g transform="translate(14 12) scale(0.945)">${content.join("")}</g></g></svg>`;
}
