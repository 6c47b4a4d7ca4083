// อร่อย: slurps noodles out of a bowl, and chews with full cheeks.
import { arm, body, mitt } from "./body.js";
import { happyEyes, openEyes } from "./eyes.js";
import { head } from "./head.js";
import { bloom, out, swell, track, wave } from "./motion.js";
import { chewing, pursed } from "./mouths.js";
import { colours, ink, lettering, n, oval, type Point, place, shaded, sized, sticker, stroke } from "./pen.js";
import { drop, heart } from "./props.js";

/** The part of the loop that is slurped; the rest is chewed. */
const slurpEnds = 0.46;
const noodle = "#ffdf7a";
const seat = { x: 256, y: 484, scaleX: 0.88, scaleY: 0.86 };

export function eat(t: number): string {
  const slurping = t < slurpEnds;
  const rise = track(t, [
    [0.02, -16],
    [0.4, 18, out],
    [0.52, 4],
    [0.85, 4],
  ]);
  const part = slurping ? t / slurpEnds : (t - slurpEnds) / (1 - slurpEnds);
  const chew = slurping ? 0 : wave(part, 3);
  const puff = track(t, [
    [0.1, 2],
    [0.46, 18],
    [0.86, 18],
    [0.97, 0],
  ]);
  const look = { x: 3 * chew, y: 3 - rise * 0.4 };
  const mouth = { x: seat.x, y: seat.y + seat.scaleY * (-260 - rise + 64 + look.y) };
  const hand = { x: 152, y: -106 - 0.8 * (rise + (slurping ? 0 : 18 * swell(part, 3))) };
  const nod = slurping ? 2 * wave(part, 2) : 5 * wave(part, 2);
  return sticker(
    place(
      seat,
      body(),
      arm({ from: { x: -96, y: -166 }, elbow: { x: -208, y: -96 }, to: { x: -134, y: -40 }, width: 42 }),
      arm({ from: { x: 96, y: -166 }, elbow: { x: 230, y: -64 }, to: hand, width: 42 }),
      place(
        { x: 3 * chew, y: -260 - rise, tilt: nod, scaleX: 1 + 0.014 * chew, scaleY: 1 - 0.02 * chew },
        head({
          eyes: slurping ? openEyes({ look: { x: 0, y: 6 }, size: 1.12 }) : happyEyes(1.15),
          mouth: slurping ? pursed(1 + 0.12 * wave(part, 4)) : chewing(chew),
          look,
          ears: { left: 4 + rise * 0.5, right: 4 + rise * 0.5 },
          puff,
          whiskers: 6 * chew + rise * 0.3,
          blush: 1 + puff / 30,
        }),
      ),
    ),
    bowl(t),
    place(seat, mitt({ x: -120, y: -62 }, 64, 27, 25)),
    slurping ? noodles(part, mouth) : "",
    place(seat, chopsticks(hand), mitt(hand, -52, 27, 25)),
    slurping ? splashes(part) : hearts(part),
    lettering("อร่อย~", { x: 256, y: 100, tilt: -4 + 3 * wave(t), size: 84 + 5 * swell(t, 2), colour: colours.yellow }),
  );
}

/** Strands from the bowl to the mouth; towards the end their tails whip up and are gone. */
function noodles(part: number, mouth: Point): string {
  const tug = Math.max(0, (part - 0.7) / 0.3);
  const end = 408 - tug ** 1.5 * (396 - mouth.y);
  const long = end - mouth.y;
  const strand = (at: number, i: number): string => {
    const swing = (7 + 26 * tug) * Math.sin(part * 24 + i * 2.2);
    const d = `M${n(mouth.x + at * 0.4)} ${n(mouth.y)}C${n(mouth.x + at + swing)} ${n(mouth.y + long * 0.4)}
      ${n(mouth.x + at * 1.4 - swing)} ${n(mouth.y + long * 0.7)} ${n(mouth.x + at * 1.5 + swing)} ${n(end)}`;
    return stroke(d, 19) + stroke(d, 9, noodle);
  };
  return [-22, 0, 22].map(strand).join("");
}

function bowl(t: number): string {
  const d = "M-128 -88C-126 -30 -92 0 -60 6V20H60V6C92 0 126 -30 128 -88Z";
  const band = stroke("M-132 -52q16 -16 32 0t32 0t32 0t32 0t32 0t32 0t32 0t32 0", 9, "#fff");
  const slosh = 3 * wave(t, 2);
  return place(
    { x: 256, y: 476 },
    `<ellipse cy="-88" rx="128" ry="22" fill="#b5642f" stroke="${ink}" stroke-width="9"/>`,
    oval(0, -84 + slosh * 0.3, 112, 14, "#f5b95a"),
    stroke(`M-70 ${n(-84 + slosh)}q18 -10 35 0t35 0t35 0t35 0`, 8, noodle),
    oval(-74, -88 - slosh * 0.5, 20, 8, "#7bbf5a"),
    oval(74, -87 + slosh * 0.5, 20, 8, "#ff8a80"),
    shaded({ id: "bowl", d, base: "#2bb3a8", shade: "#178a83", light: { x: -12, y: -10 }, inside: band }),
  );
}

/** Chopsticks held at `hand`; they follow the noodles up, or drum on the air. */
function chopsticks({ x, y }: Point): string {
  const sticks = `M${n(x + 54)} ${n(y - 66)}L${n(x - 104)} ${n(y + 14)}M${n(x + 68)} ${n(y - 46)}L${n(x - 98)} ${n(y + 26)}`;
  return stroke(sticks, 19) + stroke(sticks, 8, "#e2574c");
}

function splashes(part: number): string {
  const life = (part - 0.62) / 0.38;
  if (life < 0) return "";
  const one = (way: number, far: number, size: number): string =>
    sized(
      size * bloom(life, 0.2, 0.3),
      { x: 256 + way * (40 + far * life), y: 372 - 150 * life + 110 * life * life, tilt: way * (30 + 70 * life) },
      drop("#ffc86b"),
    );
  return one(-1, 120, 0.7) + one(1, 100, 0.6) + one(-1, 60, 0.5);
}

const hearts = (life: number): string =>
  sized(0.75 * bloom(life), { x: 440 + 8 * wave(life), y: 220 - 90 * life, tilt: 14 }, heart("yum")) +
  sized(0.55 * bloom(life, 0.35), { x: 70 - 6 * wave(life), y: 230 - 80 * life, tilt: -14 }, heart("yum-too"));
