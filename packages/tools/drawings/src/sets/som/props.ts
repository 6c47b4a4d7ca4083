// Small things around Som, each drawn around 0,0.
import { colours, ink, oval, shaded, stroke } from "./pen.js";

const heartPath = "M0 34C-52 2 -44 -36 -20 -36C-8 -36 0 -27 0 -20C0 -27 8 -36 20 -36C44 -36 52 2 0 34Z";

/** A heart, 84 wide. `id` tells the hearts of a picture apart. */
export const heart = (id: string): string =>
  shaded({
    id: `heart-${id}`,
    d: heartPath,
    base: colours.red,
    shade: colours.redShade,
    light: { x: -5, y: -6 },
    inside: `<ellipse cx="-20" cy="-17" rx="9" ry="6" fill="#fff" opacity="0.85" transform="rotate(-35 -20 -17)"/>`,
    width: 8,
  });

/** A four-pointed twinkle, 64 high. */
export const sparkle = (colour: string = colours.yellow): string => {
  const d = "M0 -32Q4 -4 26 0Q4 4 0 32Q-4 4 -26 0Q-4 -4 0 -32Z";
  return `<path d="${d}" fill="${colour}" stroke="${ink}" stroke-width="7" stroke-linejoin="round"/>`;
};

/** A drop that falls along its point: tip up. */
export const drop = (colour: string = colours.blueLight): string =>
  `<path d="M0 -22C10 -6 15 2 15 9A15 14 0 0 1 -15 9C-15 2 -10 -6 0 -22Z" fill="${colour}" stroke="${ink}" stroke-width="7"
    stroke-linejoin="round"/>${stroke("M-6 8Q-5 14 1 15", 4, "#fff")}`;

/** A ball of steam, about 60 wide. */
export const puff = (): string =>
  `<path d="M-26 16C-44 8 -34 -18 -18 -14C-14 -34 18 -34 20 -14C40 -16 42 12 26 16Q0 24 -26 16Z" fill="#fff" stroke="${ink}"
    stroke-width="7" stroke-linejoin="round"/>${stroke("M-14 4Q-8 10 0 8", 5, "#d9cfc6")}`;

/** Two quavers under a beam, or one with a flag. */
export const note = (colour: string, double: boolean): string => {
  const heads = double
    ? `${oval(-20, 26, 13, 10, colour)}${oval(20, 20, 13, 10, colour)}`
    : oval(-8, 26, 14, 11, colour);
  const stems = double ? "M-9 24V-24L31 -30V18" : "M4 24V-28Q10 -12 26 -8";
  const under = double ? "M-20 26h1M20 20h1M-9 24V-24L31 -30V18" : "M-8 26h1M4 24V-28Q10 -12 26 -8";
  return `${stroke(under, 24)}${double ? stroke("M-20 26h1M20 20h1", 38) : stroke("M-8 26h1", 40)}${heads}${stroke(stems, 10, colour)}`;
};

/** The comic's mark of a temper. */
export const temper = (): string => {
  const arms = "M-9 -28Q-7 -9 -28 -9M9 -28Q7 -9 28 -9M-9 28Q-7 9 -28 9M9 28Q7 9 28 9";
  return stroke(arms, 22) + stroke(arms, 10, colours.red);
};

/** Short lines that fly from something hit, as a fan upwards. */
export const burst = (): string => stroke("M-34 -4L-48 -18M0 -16V-36M34 -4L48 -18", 9);

/** A "Z" 44 high. */
export const zed = (): string => {
  const d = "M-17 -20H17L-17 20H17";
  return stroke(d, 26) + stroke(d, 11, colours.lilac);
};
