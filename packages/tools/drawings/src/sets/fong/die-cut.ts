// Turns a drawing into a sticker: a white edge cut around everything, and a breath of shadow.

const edge = 11;
/** Gaps narrower than twice this much beyond the edge are closed: no slivers of the chat shine through. */
const bridge = 8;
const full = 512;
/** How far the filter reaches past the frame: closing gaps would smear at its border. */
const margin = 60;

/** Grows what `from` holds by `radius` on all sides: offsets on a circle, as round at a corner as along a side. */
function grow(from: string, radius: number, result: string): string {
  const ring = [radius, radius / 2].flatMap((r) =>
    Array.from({ length: r === radius ? 32 : 12 }, (_, i) => {
      const angle = (i * 2 * Math.PI) / (r === radius ? 32 : 12);
      return `dx="${(Math.cos(angle) * r).toFixed(2)}" dy="${(Math.sin(angle) * r).toFixed(2)}"`;
    }),
  );
  const offsets = ring.map((by, i) => `<feOffset in="${from}" ${by} result="${result}${i}"/>`).join("");
  const nodes = ring.map((_, i) => `<feMergeNode in="${result}${i}"/>`).join("");
  return `${offsets}<feMerge result="${result}"><feMergeNode in="${from}"/>${nodes}</feMerge>`;
}

const inverse = (from: string, result: string) =>
  `<feComponentTransfer in="${from}" result="${result}"><feFuncA type="table" tableValues="1 0"/></feComponentTransfer>`;

/** The finished 512 × 512 picture; `fit` scales and then moves the content, so that it fills the frame. */
export function dieCut(content: string, fit: readonly [scale: number, dx: number, dy: number] = [1, 0, 0]): string {
  const [scale, dx, dy] = fit;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${full} ${full}">
    <filter id="die-cut" x="${-margin}" y="${-margin}" width="${full + 2 * margin}" height="${full + 2 * margin}" filterUnits="userSpaceOnUse" color-interpolation-filters="sRGB">
      ${grow("SourceAlpha", edge + bridge, "wide")}${inverse("wide", "rest")}${grow("rest", bridge, "more")}${inverse("more", "closed")}
      <feGaussianBlur in="closed" stdDeviation="4.5"/>
      <feComponentTransfer result="cut"><feFuncA type="linear" slope="10" intercept="-4.5"/></feComponentTransfer>
      <feFlood flood-color="#fff"/><feComposite in2="cut" operator="in" result="paper"/>
      <feDropShadow in="paper" dx="0" dy="2" stdDeviation="2.5" flood-color="#5a2030" flood-opacity="0.28" result="lifted"/>
      <feMerge><feMergeNode in="lifted"/><feMergeNode in="SourceGraphic"/></feMerge>
    </filter>
    <g filter="url(#die-cut)"><g transform="translate(${dx} ${dy}) scale(${scale})">${content}</g></g></svg>`;
}
