// Som's eyes, both at once, at 68 left and right of the face's middle.
import { ink, mirrored, n, oval, type Point, place, stroke } from "./pen.js";

const apart = 68;
const level = 10;

const both = (left: string, right = left): string =>
  place({ x: -apart, y: level }, left) + place({ x: apart, y: level }, right);

export interface OpenEyes {
  /** 0 open, 1 shut. */
  readonly blink?: number;
  readonly look?: Point;
  readonly size?: number;
}

/** Big dark eyes with two lights. */
export function openEyes({ blink = 0, look = { x: 0, y: 0 }, size = 1 }: OpenEyes = {}): string {
  if (blink > 0.75) return both(stroke("M-20 2Q0 14 20 2"));
  return both(place({ scaleX: size, scaleY: size * (1 - blink * 0.75) }, ball(look)));
}

function ball(look: Point): string {
  return [
    oval(0, 0, 21, 27, ink),
    oval(0, 13, 13, 10, "#8a4a2a"),
    oval(-6 + look.x, -10 + look.y, 9, 10, "#fff"),
    oval(7 + look.x * 0.6, 10 + look.y * 0.6, 5, 5, "#fff"),
  ].join("");
}

/** Arches of a happy face; `lift` 1 as usual, more is wider. */
export const happyEyes = (lift = 1): string => both(stroke(`M-23 9Q0 ${n(-29 * lift)} 23 9`, 11));

/** Shut and at peace; lashes down. */
export const sleepingEyes = (): string => both(stroke("M-23 2Q0 21 23 2", 10));

/** Pressed shut, > and <. */
export function squeezedEyes(): string {
  const left = stroke("M-22 -19L17 1L-22 21", 11);
  return both(left, mirrored(left));
}

/** One arch, one big eye. */
export const winkingEyes = (wink: number): string =>
  wink < 0.4
    ? both(place({ scaleY: 1 - wink * 0.8 }, ball({ x: 0, y: 0 })))
    : both(ball({ x: 0, y: 0 }), stroke(`M-23 7Q0 ${n(-24 * wink)} 23 7`, 11));

/** Round with water and many lights, brows up in the middle. `shine` (−1 to 1) makes the lights swim. */
export function pleadingEyes(shine: number): string {
  const eye = [
    oval(0, 0, 32, 36, ink),
    oval(0, 16, 24, 17, "#7a4128"),
    oval(0, 24, 17, 9, "#c9855a"),
    oval(-10 + shine, -14 - shine, 12, 13, "#fff"),
    oval(13 - shine, 3 + shine, 7, 7, "#fff"),
    oval(-10 - shine, 17, 4.5, 4.5, "#fff"),
  ].join("");
  const brow = stroke("M-28 -42Q-8 -54 14 -66", 9);
  return both(eye + brow, eye + mirrored(brow));
}

/** Shut in a huff: flat lids under heavy brows. `peek` (0 to 1) opens the right one. */
export function sulkyEyes(peek: number): string {
  const shut = stroke("M-23 4Q0 16 23 4", 10);
  const open = `${place({ scaleY: peek }, ball({ x: 9, y: 4 }))}${stroke(`M-26 ${n(4 - 22 * peek)}Q0 ${n(10 - 28 * peek)} 26 ${n(4 - 12 * peek)}`, 10)}`;
  const left = stroke("M-30 -34L18 -18", 11);
  const right = mirrored(stroke(`M-30 ${n(-34 - peek * 12)}L18 ${n(-18 - peek * 12)}`, 11));
  return both(shut + left, (peek > 0.15 ? open : shut) + right);
}

/** Wide and set on a goal, brows drawn; `look` moves the pupils in the whites. */
export function intentEyes(look: Point): string {
  const eye = `<ellipse rx="27" ry="29" fill="#fff" stroke="${ink}" stroke-width="8"/>${oval(look.x, look.y, 14, 17, ink)}${oval(look.x - 4, look.y - 6, 5, 6, "#fff")}`;
  const brow = stroke("M-28 -48L20 -32", 11);
  return both(eye + brow, eye + mirrored(brow));
}
