// The set's palette and its smallest strokes: everything else is drawn with these.

/** A place in the picture, in its 512 × 512 units, or in a part's own system around its middle. */
export type Point = readonly [x: number, y: number];

/** A colour with its shadow and its highlight. */
export interface Hue {
  readonly base: string;
  readonly shade: string;
  readonly light: string;
}

export const ink = "#5a2030";
export const coral = { base: "#ff8a6e", shade: "#f06a58", light: "#ffb59a" } as const;
export const cream = { base: "#fff3df", shade: "#ffe0c4" } as const;
export const rose = { base: "#ff4d6d", shade: "#dd2f58", light: "#ff9bad" } as const;
export const sun = { base: "#ffc93c", shade: "#f5a623", light: "#ffe694" } as const;
export const sea = { base: "#5cc3f2", shade: "#2f9bd8", light: "#bfe9ff" } as const;
export const leaf = { base: "#4fc58a", shade: "#2fa06d", light: "#a9ecc8" } as const;
export const night = { base: "#6a74d8", shade: "#4a52b0", light: "#a9b1ff" } as const;
export const snow: Hue = { base: "#ffffff", shade: "#fbe3ea", light: "#ffffff" };
export const pumpkin: Hue = { base: "#ff9a3d", shade: "#f57a1f", light: "#ffd0a0" };
export const candy: Hue = { base: "#ff8fb0", shade: "#f76a94", light: "#ffd0de" };
export const blaze: Hue = { base: "#ff8259", shade: "#ff5a43", light: "#ffc2a8" };
export const lilac: Hue = { base: "#a3abff", shade: "#858ef2", light: "#d5d9ff" };
export const lineWidth = 8;

/** A filled shape with the set's dark line around it. `d` left open stays open in its line too. */
export function shape(d: string, fill: string, width = lineWidth): string {
  return `<path d="${d}" fill="${fill}" stroke="${ink}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

/** A filled shape without a line: shading, highlights, blush. */
export function patch(d: string, fill: string, opacity = 1): string {
  return `<path d="${d}" fill="${fill}" opacity="${opacity}"/>`;
}

/** A round-ended stroke. */
export function stroke(d: string, width = lineWidth, color: string = ink): string {
  return `<path d="${d}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

export function oval([x, y]: Point, rx: number, ry: number, fill: string, opacity = 1): string {
  return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}" opacity="${opacity}"/>`;
}

export function linedOval([x, y]: Point, rx: number, ry: number, fill: string, width = lineWidth): string {
  return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}" stroke="${ink}" stroke-width="${width}"/>`;
}

/** Moves, turns (degrees, clockwise) and scales what is drawn around 0,0. */
export function at([x, y]: Point, content: string, turn = 0, scale: number | Point = 1): string {
  const [sx, sy] = typeof scale === "number" ? [scale, scale] : scale;
  return `<g transform="translate(${x} ${y}) rotate(${turn}) scale(${sx} ${sy})">${content}</g>`;
}

/** Keeps `content` inside the shape `d`. The id comes from the shape, so equal shapes may share it. */
export function inside(d: string, content: string): string {
  const id = `in${[...d].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 1_000_000_007, 7)}`;
  return `<clipPath id="${id}"><path d="${d}"/></clipPath><g clip-path="url(#${id})">${content}</g>`;
}

/** Several straight strokes, as bursts and motion lines are made of. */
export function dashes(lines: readonly (readonly [Point, Point])[], width = lineWidth, color: string = ink): string {
  return stroke(lines.map(([a, b]) => `M ${a.join(" ")} L ${b.join(" ")}`).join(" "), width, color);
}
