// Som's head: ears, stripes, muzzle, whiskers, and a face that slides over it when he turns.
import { colours, fill, ink, mirrored, n, oval, type Point, place, shaded, stroke } from "./pen.js";

export interface Head {
  /** Drawn between the cheeks; see eyes.ts and mouths.ts. */
  readonly eyes: string;
  readonly mouth: string;
  /** How far the face is turned, up to about 24 each way. */
  readonly look?: Point;
  /** Degrees each ear folds outwards. */
  readonly ears?: { readonly left: number; readonly right: number };
  /** How far the cheeks swell. */
  readonly puff?: number;
  /** Degrees the whiskers droop. */
  readonly whiskers?: number;
  /** Size of the blush, 1 as usual. */
  readonly blush?: number;
  readonly nose?: boolean;
}

const outline = (puff: number): string => {
  const w = 157 + puff;
  const chin = 112 + puff / 3;
  return `M${n(-w)} 30C${n(-w - 2)} -58 -94 -112 0 -112C94 -112 ${n(w + 2)} -58 ${n(w)} 30C${n(w - 2)} 88 94 ${n(chin)} 0 ${n(chin)}
    C-94 ${n(chin)} ${n(-w + 2)} 88 ${n(-w)} 30Z`;
};

const stripes = [
  "M-15 -125Q-14 -72 0 -54Q14 -72 15 -125Z",
  "M-58 -122Q-50 -80 -34 -66Q-26 -84 -30 -122Z",
  "M58 -122Q50 -80 34 -66Q26 -84 30 -122Z",
];
const cheekStripes = ["M-166 -8Q-128 -6 -112 6Q-128 15 -166 14Z", "M-166 28Q-130 27 -114 36Q-130 46 -166 48Z"];

/** The head around 0,0: 314 wide, 224 high, ears 50 above it. */
export function head(pose: Head): string {
  const { look = { x: 0, y: 0 }, ears = { left: 0, right: 0 }, puff = 0, whiskers = 0, blush = 1, nose = true } = pose;
  const behind = place({ x: -look.x * 0.3, y: -look.y * 0.25 }, ear(ears.left), mirrored(ear(ears.right)));
  const cheeks = cheekStripes.map((d) => fill(d, colours.stripe)).join("");
  const markings = [
    place({ x: look.x * 0.6, y: look.y * 0.7 }, ...stripes.map((d) => fill(d, colours.stripe))),
    place({ x: look.x * 0.3 - puff, y: look.y * 0.5 }, cheeks),
    place({ x: look.x * 0.3 + puff, y: look.y * 0.5 }, mirrored(cheeks)),
    place({ ...look }, muzzle()),
  ].join("");
  const face = [
    oval(-106 - puff / 2, 50, 25 * blush, 15 * blush, colours.blush, 'opacity="0.55"'),
    oval(106 + puff / 2, 50, 25 * blush, 15 * blush, colours.blush, 'opacity="0.55"'),
    pose.eyes,
    pose.mouth,
    nose ? noseTip() : "",
  ];
  const side = whiskersOf(whiskers);
  return [
    behind,
    shaded({ id: "head", d: outline(puff), base: colours.fur, shade: colours.furShade, inside: markings }),
    place({ x: look.x, y: look.y }, ...face),
    place({ x: look.x * 0.7 - puff, y: look.y * 0.8 }, side),
    place({ x: look.x * 0.7 + puff, y: look.y * 0.8 }, mirrored(side)),
  ].join("");
}

/** The left ear, turning on its root. */
function ear(fold: number): string {
  const outer = "M-136 -40C-158 -88 -158 -142 -144 -150C-132 -158 -70 -128 -36 -92L-60 -40Z";
  const inner = "M-126 -56C-140 -92 -138 -118 -133 -124C-120 -122 -92 -104 -74 -86L-90 -50Z";
  const turned = `<g transform="rotate(${n(-fold)} -68 -82)">`;
  return `${turned}${fill(outer, colours.fur)}${stroke(outer)}${fill(inner, colours.pink)}</g>`;
}

function muzzle(): string {
  const { cream, creamShade } = colours;
  return [
    oval(0, 82, 40, 26, creamShade),
    oval(-27, 58, 45, 33, cream),
    oval(27, 58, 45, 33, cream),
    oval(0, 74, 38, 26, cream),
  ].join("");
}

const noseTip = (): string =>
  `<path d="M-12 31Q0 26 12 31Q12 39 0 44Q-12 39 -12 31Z" fill="#e8626a" stroke="${ink}" stroke-width="6" stroke-linejoin="round"/>`;

const whiskersOf = (droop: number): string =>
  `<g transform="rotate(${n(-droop)} -120 60)">${stroke("M-128 56Q-152 48 -178 50", 6)}${stroke("M-126 76Q-150 76 -172 86", 6)}</g>`;
