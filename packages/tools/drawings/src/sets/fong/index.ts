// The set "fong": น้องฟอง, a speech bubble with feelings. One drawing a sticker, in the order of the manifest.
import { hello, okay, sorry, thanks } from "./courtesy.js";
import { bashful, goodNight, hungry, running } from "./days.js";
import { celebrating, cheering, laughing, loving } from "./joy.js";
import { angry, confused, crying, shocked } from "./storms.js";

/** The pictures of the set, as the drawing tool takes them. */
export const drawings = [
  { file: "hello.webp", svg: hello() },
  { file: "thanks.webp", svg: thanks() },
  { file: "laugh.webp", svg: laughing() },
  { file: "love.webp", svg: loving() },
  { file: "okay.webp", svg: okay() },
  { file: "cheer.webp", svg: cheering() },
  { file: "cry.webp", svg: crying() },
  { file: "angry.webp", svg: angry() },
  { file: "shocked.webp", svg: shocked() },
  { file: "confused.webp", svg: confused() },
  { file: "shy.webp", svg: bashful() },
  { file: "hungry.webp", svg: hungry() },
  { file: "on-my-way.webp", svg: running() },
  { file: "sorry.webp", svg: sorry() },
  { file: "congrats.webp", svg: celebrating() },
  { file: "good-night.webp", svg: goodNight() },
] as const;
