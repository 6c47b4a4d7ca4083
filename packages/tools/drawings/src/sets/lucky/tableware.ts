// Plates, bowls and what is strewn over food: leaves, chillies, strands, and the dish's name below.
import { lettering } from "./flourishes.js";
import { disc, ink, lineWidth, oval, paint, place, shape, spot, sticker, stroke, tone } from "./ink.js";

/**
 * A served dish with its name below, a line or two; long names are set smaller. The food is scaled by `scale` about (256, 300),
 * then lifted by `lift`.
 */
export function dish(lines: readonly string[], lift: number, scale: number, ...food: readonly string[]): string {
  const longest = Math.max(...lines.map((line) => line.length));
  const size = lines.length > 1 ? 80 : longest > 11 ? 66 : longest > 10 ? 76 : 88;
  const baseline = lines.some((line) => /[ุู]/.test(line)) ? 446 : 474;
  return sticker(
    place(256, 300 - lift, place(-256, -300, food.join("")), 0, scale),
    ...lines.map((line, i) => lettering(line, 256, baseline - (lines.length - 1 - i) * size * 0.94, size, paint.white)),
  );
}

/** A plate seen from a little above, its middle at (256, 300). */
export function plate(rim: string): string {
  return (
    oval(256, 318, 220, 88, "#d9cfc4") +
    oval(256, 302, 220, 88, paint.white) +
    `<ellipse cx="256" cy="302" rx="200" ry="76" fill="none" stroke="${rim}" stroke-width="10"/>` +
    spot(256, 306, 168, 58, "#efe6da")
  );
}

/** The front of a bowl whose mouth is centred on (256, 220); food goes between `bowlBack` and this. */
export function bowlFront(fill: string, band: string): string {
  const body = "M66 220C70 330 146 396 256 396S442 330 446 220C420 290 92 290 66 220z";
  return (
    shape("M186 384H326L316 412H196z", fill) +
    shape(body, fill) +
    stroke("M80 262C130 326 382 326 432 262", band, 12) +
    tone(
      "M441 232C436 324 366 391 256 391C226 391 200 386 178 377C300 380 400 330 425 258C432 250 438 240 441 232z",
      ink,
      0.16,
    ) +
    stroke("M92 292C98 312 108 328 120 340", paint.white, 10, 0.7)
  );
}

/** The inside of the bowl with its soup. */
export function bowlBack(inside: string, soup: string): string {
  return (
    oval(256, 220, 190, 64, inside) +
    spot(256, 228, 168, 48, soup) +
    stroke("M96 216C140 182 372 182 416 216", ink, 5, 0.25)
  );
}

/** Strands with a thin outline, all of one colour. */
export function strands(colour: string, width: number, ...lines: readonly string[]): string {
  return lines.map((d) => stroke(d, ink, width + 8) + stroke(d, colour, width)).join("");
}

export function leaf(x: number, y: number, angle: number, scale = 1, fill: string = paint.leaf): string {
  return place(
    x,
    y,
    shape("M-32 0C-16 -24 16 -24 32 0C16 24 -16 24 -32 0z", fill, 8) + stroke("M-20 0H18", paint.forest, 5),
    angle,
    scale,
  );
}

export function chilli(x: number, y: number, angle: number, scale = 1): string {
  return place(
    x,
    y,
    shape("M-26 -8C-10 -16 22 -12 34 10C14 8 -16 14 -26 6C-32 2 -32 -4 -26 -8z", paint.red, 8) +
      stroke("M-28 -2L-42 -8", paint.forest, 8) +
      stroke("M-14 -4C-6 -6 2 -5 8 -3", paint.white, 4, 0.8),
    angle,
    scale,
  );
}

/** A slice of chilli or spring onion. */
export function ring(x: number, y: number, r: number, fill: string): string {
  return disc(x, y, r, fill, 6) + spot(x, y, r * 0.35, r * 0.35, paint.cream);
}

export function cucumber(x: number, y: number, scale = 1): string {
  return place(
    x,
    y,
    oval(0, 0, 36, 28, "#4fae5f") +
      spot(0, 0, 27, 20, "#dff3b4") +
      [-11, 0, 11].map((s) => spot(s, (s * s) / 40 - 3, 3.5, 6, "#a9d07a")).join(""),
    0,
    scale,
  );
}

export function tomato(x: number, y: number, r: number, angle = 0): string {
  return place(
    x,
    y,
    disc(0, 0, r, paint.red, 8) + spot(-r * 0.35, -r * 0.4, r * 0.22, r * 0.16, paint.white, 0.9),
    angle,
  );
}

/** A boiled shrimp about (0, 0), curled to the left, some 150 wide. */
export function shrimp(x: number, y: number, angle: number, scale: number | string = 1): string {
  const body = "M-40 46C-76 10 -60 -46 -6 -52C36 -56 62 -28 60 6";
  return place(
    x,
    y,
    shape("M44 0C40 26 46 48 62 58C66 44 66 36 66 30C74 40 84 44 96 42C96 24 84 6 72 -4z", "#f2643d") +
      stroke(body, ink, 46 + 2 * lineWidth) +
      stroke(body, "#ff9a63", 46) +
      stroke("M-64 -24L-34 -8M-40 -62L-24 -34M2 -72L0 -40M42 -58L26 -32M66 -20L38 -12M-74 14L-44 14", "#f2643d", 9) +
      stroke("M-52 -30C-42 -46 -28 -56 -10 -60", "#ffd2b0", 7, 0.9),
    angle,
    scale,
  );
}
