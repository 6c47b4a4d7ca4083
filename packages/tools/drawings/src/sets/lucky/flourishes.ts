// What happens around the things: lettering, sparkles, question marks, motion lines, drops, steam and confetti.
import { heartPath, starPath } from "./faces.js";
import { ink, paint, place, shape, spot, stroke, tone } from "./ink.js";

/** A line of lettering centred on x, its baseline at y. */
export function lettering(text: string, x: number, y: number, size: number, fill: string, angle = 0): string {
  const pen = `font-family="Mali" font-weight="700" font-size="${size}" text-anchor="middle"`;
  return place(
    x,
    y,
    `<text ${pen} fill="${fill}" stroke="${ink}" stroke-width="${Math.max(14, size * 0.22)}" stroke-linejoin="round" paint-order="stroke">${text}</text>
     <text ${pen} fill="${fill}" stroke="${fill}" stroke-width="${size * 0.02}" stroke-linejoin="round">${text}</text>`,
    angle,
  );
}

/** Lettering without outline, for signs and slips. */
export function print(text: string, x: number, y: number, size: number, fill: string, angle = 0): string {
  return place(
    x,
    y,
    `<text font-family="Mali" font-weight="700" font-size="${size}" text-anchor="middle" fill="${fill}" stroke="${fill}" stroke-width="${size * 0.04}" stroke-linejoin="round">${text}</text>`,
    angle,
  );
}

/** A ribbon of the given width, slightly bowed, with its word on it. */
export function ribbon(text: string, x: number, y: number, width: number, fill: string, size = 80, angle = 0): string {
  const w = width / 2;
  const end = (side: -1 | 1): string =>
    shape(
      `M${side * (w - 26)} -34L${side * (w + 32)} -24L${side * (w + 12)} 10L${side * (w + 34)} 52L${side * (w - 26)} 52z`,
      fill,
    ) +
    tone(
      `M${side * (w - 26)} -34L${side * (w + 32)} -24L${side * (w + 12)} 10L${side * (w + 34)} 52L${side * (w - 26)} 52z`,
      ink,
      0.22,
    );
  const band = `M${-w} -50C${-w / 2} -60 ${w / 2} -60 ${w} -50V40C${w / 2} 30 ${-w / 2} 30 ${-w} 40z`;
  return place(
    x,
    y,
    end(-1) +
      end(1) +
      shape(band, fill) +
      stroke(`M${-w + 14} -38C${-w / 2} -46 ${w / 2} -46 ${w - 14} -38`, paint.white, 6, 0.5) +
      lettering(text, 0, size * 0.3 - 6, size, paint.white),
    angle,
  );
}

export function sparkle(x: number, y: number, r: number, fill: string = paint.gold): string {
  const k = r * 0.22;
  return place(
    x,
    y,
    shape(`M0 ${-r}Q${k} ${-k} ${r} 0Q${k} ${k} 0 ${r}Q${-k} ${k} ${-r} 0Q${-k} ${-k} 0 ${-r}z`, fill, 7),
  );
}

export function star(x: number, y: number, r: number, fill: string = paint.gold, angle = 0): string {
  return place(
    x,
    y,
    shape(starPath(r, r * 0.52), fill, 8) + spot(-r * 0.22, -r * 0.25, r * 0.16, r * 0.12, paint.white, 0.9),
    angle,
  );
}

export function heart(x: number, y: number, r: number, fill: string = paint.red, angle = 0): string {
  return place(
    x,
    y,
    shape(heartPath(r), fill, 8) + spot(-r * 0.42, -r * 0.38, r * 0.2, r * 0.14, paint.white, 0.9),
    angle,
  );
}

export function question(x: number, y: number, size: number, fill: string = paint.gold, angle = 0): string {
  return lettering("?", x, y, size, fill, angle);
}

/** Strokes that show where a thing has just been. */
export function motion(...lines: readonly string[]): string {
  return lines.map((d) => stroke(d, ink, 9)).join("");
}

export function drop(x: number, y: number, r: number, angle = 0, fill = "#8fd6ff"): string {
  const d = `M0 ${-1.7 * r}C${0.5 * r} ${-0.7 * r} ${r} ${-0.3 * r} ${r} ${0.25 * r}A${r} ${r} 0 0 1 ${-r} ${0.25 * r}C${-r} ${-0.3 * r} ${-0.5 * r} ${-0.7 * r} 0 ${-1.7 * r}z`;
  return place(x, y, shape(d, fill, 7) + spot(-0.35 * r, 0.2 * r, r * 0.2, r * 0.32, paint.white, 0.9), angle);
}

/** A curl of steam that rises from (x, y). */
export function steam(x: number, y: number, height: number): string {
  const k = height / 60;
  const d = `M0 0C${-16 * k} ${-14 * k} ${16 * k} ${-26 * k} 0 ${-40 * k}C${-8 * k} ${-48 * k} ${-2 * k} ${-56 * k} 3 ${-60 * k}`;
  return place(x, y, stroke(d, ink, 22) + stroke(d, paint.white, 9));
}

/** Bits of paper at the given spots: [x, y, angle]. */
export function confetti(...bits: readonly (readonly [number, number, number])[]): string {
  const colours = [paint.coral, paint.gold, paint.mint, paint.sky, paint.lilac];
  return bits
    .map(([x, y, angle], i) => {
      const fill = colours[i % colours.length] ?? paint.gold;
      return place(
        x,
        y,
        i % 3 === 2 ? shape("M-9 0a9 9 0 1 0 18 0a9 9 0 1 0 -18 0z", fill, 6) : shape("M-11 -6H11V6H-11z", fill, 6),
        angle,
      );
    })
    .join("");
}
