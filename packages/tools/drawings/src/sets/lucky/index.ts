// The set "lucky": things whose outcome is drawn when they are sent, each at rest and after the draw.
import type { Drawing } from "../../render.js";
import { ballDrawings } from "./ball.js";
import { cardDrawings } from "./card.js";
import { coinDrawings } from "./coin.js";
import { dieDrawings } from "./die.js";
import { eatDrawings } from "./eat.js";
import { handDrawings } from "./hands.js";
import { moodDrawings } from "./mood.js";
import { siamsiDrawings } from "./siamsi.js";
import { wheelDrawings } from "./wheel.js";

export const drawings: readonly Drawing[] = [
  ...dieDrawings,
  ...coinDrawings,
  ...handDrawings,
  ...ballDrawings,
  ...siamsiDrawings,
  ...eatDrawings,
  ...wheelDrawings,
  ...cardDrawings,
  ...moodDrawings,
];
