// Pictures made to be expensive: they are refused, and the reader goes on.
import sharp from "sharp";
import t, { test } from "tap";
import { createPictureReader } from "../src/pictures/picture-reader.js";

const pictures = createPictureReader();
t.teardown(() => pictures.close());

/** A GIF of `frames` frames of one pixel. */
function gif(frames: number): Buffer {
  const frame = Buffer.of(0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0);
  const shown = Buffer.of(0x21, 0xf9, 4, 0, 10, 0, 0, 0);
  const start = [Buffer.from("GIF89a"), Buffer.of(1, 0, 1, 0, 0x80, 0, 0), Buffer.of(0, 0, 0, 255, 255, 255)];
  return Buffer.concat([...start, ...Array.from({ length: frames }, () => [shown, frame]).flat(), Buffer.of(0x3b)]);
}

test("a worker reads a picture as the process itself does", async (t) => {
  const valid = await sharp({ create: { width: 20, height: 10, channels: 4, background: "red" } })
    .png()
    .toBuffer();
  t.match(await pictures.read(valid), { asset: /^[0-9a-f]{40}\.png$/, width: 20, height: 10, animated: false });
  t.match(await pictures.read(valid.subarray(0, 60)), { issues: ["is damaged"] });
});

test("frames are counted before they are decoded", async (t) => {
  t.match(await pictures.read(gif(1_000)), { animated: true });
  t.match(await pictures.read(gif(20_000)), { issues: ["has 20000 frames; 1000 are allowed"] });
});
