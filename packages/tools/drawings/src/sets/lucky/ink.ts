// The set's pen: colours, the line, the white border that every sticker is cut along, and a few plain shapes.

export const ink = "#4b2a2c";
export const lineWidth = 10;

export const paint = {
  cream: "#fff5e1",
  sand: "#f4d9ae",
  gold: "#ffc93c",
  amber: "#f29a1f",
  coral: "#ff7262",
  brick: "#dd4b45",
  red: "#ef3e42",
  pink: "#ffa3b1",
  rose: "#ff8391",
  lilac: "#a98bf0",
  sky: "#7cc8f7",
  blue: "#3f9be0",
  mint: "#7fdcb8",
  leaf: "#46b877",
  forest: "#23865a",
  skin: "#ffd98a",
  skinShade: "#f4b559",
  white: "#ffffff",
} as const;

/** A whole sticker: the parts, drawn in order on a 512 × 512 field, inside a white border with a faint shadow. */
export function sticker(...parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">
    <filter id="die-cut" filterUnits="userSpaceOnUse" x="0" y="0" width="512" height="512"
      color-interpolation-filters="sRGB">
      <feMorphology in="SourceAlpha" operator="dilate" radius="8"/>
      <feGaussianBlur stdDeviation="4"/>
      <feComponentTransfer result="edge"><feFuncA type="linear" slope="9" intercept="-1"/></feComponentTransfer>
      <feFlood flood-color="#fff"/><feComposite in2="edge" operator="in" result="border"/>
      <feGaussianBlur in="edge" stdDeviation="1.5"/><feOffset dy="3" result="soft"/>
      <feFlood flood-color="${ink}" flood-opacity=".3"/><feComposite in2="soft" operator="in" result="shadow"/>
      <feMerge><feMergeNode in="shadow"/><feMergeNode in="border"/><feMergeNode in="SourceGraphic"/></feMerge>
    </filter>
    <g filter="url(#die-cut)">${parts.join("")}</g></svg>`;
}

/** A group moved to (x, y), then turned by `angle` degrees and scaled about that point. */
export function place(x: number, y: number, content: string, angle = 0, scale: number | string = 1): string {
  return `<g transform="translate(${x} ${y}) rotate(${angle}) scale(${scale})">${content}</g>`;
}

/** A filled path with the set's outline. */
export function shape(d: string, fill: string, width = lineWidth): string {
  return `<path d="${d}" fill="${fill}" stroke="${ink}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

/** A filled path without outline: shading and highlights. */
export function tone(d: string, fill: string, opacity = 1): string {
  return `<path d="${d}" fill="${fill}" opacity="${opacity}"/>`;
}

/** An open stroke. */
export function stroke(d: string, colour: string = ink, width = lineWidth, opacity = 1): string {
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" opacity="${opacity}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

export function disc(x: number, y: number, r: number, fill: string, width = lineWidth): string {
  return `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" stroke="${ink}" stroke-width="${width}"/>`;
}

export function oval(x: number, y: number, rx: number, ry: number, fill: string, width = lineWidth): string {
  return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}" stroke="${ink}" stroke-width="${width}"/>`;
}

/** A spot without outline. */
export function spot(x: number, y: number, rx: number, ry: number, fill: string, opacity = 1): string {
  return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}" opacity="${opacity}"/>`;
}

/** A round-cornered box centred on (x, y). */
export function box(x: number, y: number, w: number, h: number, r: number, fill: string, width = lineWidth): string {
  return `<rect x="${x - w / 2}" y="${y - h / 2}" width="${w}" height="${h}" rx="${r}" fill="${fill}" stroke="${ink}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

/** Content cut to a path; `name` is unique within one sticker. */
export function within(name: string, d: string, content: string): string {
  return `<clipPath id="${name}"><path d="${d}"/></clipPath><g clip-path="url(#${name})">${content}</g>`;
}

/** An arm or a leg: a tube of the given thickness along a path. */
export function limb(d: string, colour: string, thickness = 20): string {
  return stroke(d, ink, thickness + 2 * lineWidth) + stroke(d, colour, thickness);
}

/** The path of a circle, for `within`. */
export function circlePath(x: number, y: number, r: number): string {
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}

/** A soft shadow along the bottom of something round: a crescent about (x, y) that fits radius r. */
export function mound(x: number, y: number, r: number, colour: string): string {
  return tone(
    `M${x - r} ${y - r * 0.2}C${x - r * 0.8} ${y + r * 0.55} ${x + r * 0.8} ${y + r * 0.55} ${x + r} ${y - r * 0.2}V${y + r * 1.2}H${x - r}z`,
    colour,
    0.13,
  );
}
