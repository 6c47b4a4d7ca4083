// The little faces that all things in the set wear: eyes, brows, mouth and cheeks, about their middle (0, 0).
import { ink, paint, place, spot, stroke, tone } from "./ink.js";

export type Eyes =
  | "open"
  | "happy"
  | "wink"
  | "closed"
  | "star"
  | "heart"
  | "dizzy"
  | "sly"
  | "worried"
  | "cry"
  | "angry"
  | "up"
  | "squeeze";
export type Mouth =
  | "smile"
  | "grin"
  | "o"
  | "cat"
  | "flat"
  | "wavy"
  | "frown"
  | "tongue"
  | "teeth"
  | "wail"
  | "smirk"
  | "yum";

export interface Face {
  readonly eyes: Eyes;
  readonly mouth: Mouth;
  /** Half the distance between the eyes; 46 by default. */
  readonly apart?: number;
  readonly cheek?: string;
}

/** A face at (x, y); at scale 1 it is some 170 units wide and 90 high; a scale may be two numbers, for x and y. */
export function face(x: number, y: number, look: Face, scale: number | string = 1, angle = 0): string {
  const apart = look.apart ?? 46;
  const cheek = look.cheek ?? "#ff6f7d";
  return place(
    x,
    y,
    spot(-apart - 27, 21, 17, 11, cheek, 0.6) +
      spot(apart + 27, 21, 17, 11, cheek, 0.6) +
      place(-apart, 0, eye(look.eyes, -1)) +
      place(apart, 0, eye(look.eyes, 1)) +
      place(0, 22, mouth(look.mouth)),
    angle,
    scale,
  );
}

function roundEye(rx = 16, ry = 20): string {
  return spot(0, 0, rx, ry, ink) + spot(-5, -8, 6.5, 7.5, paint.white) + spot(5, 7, 3.5, 3.5, paint.white, 0.9);
}

function eye(kind: Eyes, side: -1 | 1): string {
  switch (kind) {
    case "open":
      return roundEye();
    case "up":
      return (
        spot(0, 0, 18, 22, paint.white) +
        stroke("M-18 0a18 22 0 1 0 36 0a18 22 0 1 0 -36 0z", ink, 6) +
        spot(0, -9, 11, 12, ink) +
        spot(-3, -13, 4, 4, paint.white)
      );
    case "happy":
      return stroke("M-17 8C-12 -16 12 -16 17 8", ink, 9);
    case "wink":
      return side < 0 ? roundEye() : stroke("M14 -12L-12 0L14 11", ink, 8.5);
    case "squeeze":
      return place(0, 0, stroke("M14 -13L-13 0L14 13", ink, 8.5), 0, `${side} 1`);
    case "closed":
      return stroke("M-17 -3C-12 13 12 13 17 -3", ink, 8.5);
    case "star":
      return place(0, 0, tone(starPath(25, 12), paint.gold) + stroke(starPath(25, 12), ink, 6), side * 8);
    case "heart":
      return tone(heartPath(24), paint.red) + stroke(heartPath(24), ink, 6) + spot(-8, -7, 5, 4, paint.white, 0.9);
    case "dizzy":
      return place(
        0,
        0,
        stroke("M0 1C4 -4 9 2 4 7C-3 13 -13 6 -11 -3C-8 -15 10 -18 17 -5C22 7 14 18 4 20", ink, 6),
        0,
        `${side} 1`,
      );
    case "sly":
      return `${spot(-3 * side, 3, 15, 15, ink)}${spot(-7, 0, 5, 5, paint.white)}${stroke(`M-20 ${-9 - 4 * side}L20 ${-9 + 4 * side}`, ink, 9)}`;
    case "worried":
      return roundEye(14, 17) + stroke(side < 0 ? "M-16 -26L14 -36" : "M16 -26L-14 -36", ink, 8);
    case "angry":
      return roundEye(14, 16) + stroke(side < 0 ? "M-22 -34L16 -19" : "M22 -34L-16 -19", ink, 9.5);
    case "cry":
      return (
        roundEye(17, 20) +
        spot(0, 13, 11, 5, "#9fdcff") +
        stroke(side < 0 ? "M-18 -28L12 -38" : "M18 -28L-12 -38", ink, 8)
      );
  }
}

function mouth(kind: Mouth): string {
  const open = (d: string, tongue: string): string => tone(d, "#8e2b35") + tone(tongue, paint.rose) + stroke(d, ink, 7);
  switch (kind) {
    case "smile":
      return stroke("M-18 -4C-10 12 10 12 18 -4", ink, 8);
    case "grin":
      return open(
        "M-26 -8C-10 -4 10 -4 26 -8C26 24 13 34 0 34C-13 34 -26 24 -26 -8z",
        "M-15 23C-8 13 8 13 15 23C8 32 -8 32 -15 23z",
      );
    case "o":
      return (
        tone("M-11 6a11 14 0 1 0 22 0a11 14 0 1 0 -22 0z", "#8e2b35") +
        stroke("M-11 6a11 14 0 1 0 22 0a11 14 0 1 0 -22 0z", ink, 7)
      );
    case "cat":
      return stroke("M-24 -4C-22 12 -2 12 0 -3C2 12 22 12 24 -4", ink, 7.5);
    case "flat":
      return stroke("M-17 5H17", ink, 8);
    case "wavy":
      return stroke("M-25 6C-18 -5 -13 -5 -8 4S3 13 9 3S20 -3 25 6", ink, 8);
    case "frown":
      return stroke("M-18 12C-10 -3 10 -3 18 12", ink, 8);
    case "tongue":
      return (
        open(
          "M-22 -5C-9 1 9 1 22 -5C21 15 11 23 0 23S-21 15 -22 -5z",
          "M-9 8C-4 3 6 3 12 8C17 26 13 38 3 38S-11 26 -9 8z",
        ) + stroke("M2 16V25", "#c9505f", 4)
      );
    case "teeth":
      return (
        tone("M-27 -2C-27 -8 27 -8 27 -2C30 22 18 24 0 24S-30 22 -27 -2z", paint.white) +
        stroke("M-27 9H27M-9 -6V23M9 -6V23", ink, 4) +
        stroke("M-27 -2C-27 -8 27 -8 27 -2C30 22 18 24 0 24S-30 22 -27 -2z", ink, 7)
      );
    case "wail":
      return open(
        "M-22 28C-26 4 -14 -7 0 -7S26 4 22 28C12 20 -12 20 -22 28z",
        "M-13 20C-7 12 7 12 13 20C7 18 -7 18 -13 20z",
      );
    case "smirk":
      return stroke("M-16 6C-4 10 12 6 20 -6M13 -9L24 -3", ink, 7.5);
    case "yum":
      return (
        stroke("M-20 -3C-11 12 11 12 20 -3", ink, 8) +
        tone("M3 6C8 5 14 3 17 -1C25 10 22 22 14 22S1 15 3 6z", paint.rose) +
        stroke("M3 6C1 15 6 22 14 22S24 11 17 0", ink, 6)
      );
  }
}

/** A five-pointed star about (0, 0), with soft points when stroked round. */
export function starPath(outer: number, inner: number, points = 5): string {
  const corners = Array.from({ length: points * 2 }, (_, i) => {
    const r = i % 2 === 0 ? outer : inner;
    const a = (Math.PI * i) / points - Math.PI / 2;
    return `${(r * Math.cos(a)).toFixed(1)} ${(r * Math.sin(a)).toFixed(1)}`;
  });
  return `M${corners.join("L")}z`;
}

/** A heart about (0, 0), `r` units to each side. */
export function heartPath(r: number): string {
  const k = r / 20;
  const n = (v: number): string => (v * k).toFixed(1);
  return `M0 ${n(18)}C${n(-8)} ${n(12)} ${n(-20)} ${n(4)} ${n(-20)} ${n(-6)}C${n(-20)} ${n(-20)} ${n(-4)} ${n(-20)} 0 ${n(-9)}C${n(4)} ${n(-20)} ${n(20)} ${n(-20)} ${n(20)} ${n(-6)}C${n(20)} ${n(4)} ${n(8)} ${n(12)} 0 ${n(18)}z`;
}
