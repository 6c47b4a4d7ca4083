// แมวส้ม (Som), a round orange cat who feels everything: the animated starter set.
import type { Drawing } from "../../render.js";
import { busy } from "./busy.js";
import { cry } from "./cry.js";
import { dance } from "./dance.js";
import { eat } from "./eat.js";
import { hello } from "./hello.js";
import { laugh } from "./laugh.js";
import { love } from "./love.js";
import { okay } from "./okay.js";
import { please } from "./please.js";
import { sleep } from "./sleep.js";
import { sulk } from "./sulk.js";
import { thanks } from "./thanks.js";

const moving = (file: string, frame: (t: number) => string, frames = 20, framesPerSecond = 14): Drawing => ({
  file: `${file}.webp`,
  frame,
  frames,
  framesPerSecond,
});

export const drawings: readonly Drawing[] = [
  moving("hello", hello),
  moving("laugh", laugh, 18, 15),
  moving("love", love),
  moving("thanks", thanks, 22),
  moving("okay", okay, 22),
  moving("please", please, 20, 15),
  moving("cry", cry, 18, 15),
  moving("sulk", sulk, 24, 13),
  moving("sleep", sleep, 20, 12),
  moving("dance", dance, 20, 14),
  moving("busy", busy, 16, 14),
  moving("eat", eat, 24, 14),
];
