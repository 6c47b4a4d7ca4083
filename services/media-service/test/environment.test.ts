// How much may be uploaded is a setting; these are the defaults that README.md gives.
import { readEnvironment } from "@khui/service/process";
import { test } from "tap";
import { Type } from "typebox";
import { mediaEnvironment, mediaLimits } from "../src/environment.js";

const limitsOf = (environment: Record<string, string>) =>
  mediaLimits(readEnvironment(Type.Object(mediaEnvironment), environment));
const mebibyte = 1024 * 1024;

test("the default limits are those of README.md, and each can be set alone", async (t) => {
  const standard = { image: 10 * mebibyte, audio: 25 * mebibyte, video: 100 * mebibyte, file: 100 * mebibyte };
  t.same(limitsOf({}), {
    bytes: standard,
    pixels: 50_000_000,
    avatarsPerHour: 30,
    uploads: 100,
    uploadsPerUser: 5,
    uploadBytesPerSecond: 1024,
    uploadWindowMs: 20_000,
  });
  const { bytes, pixels, uploads } = limitsOf({ MEDIA_MAX_AUDIO_MB: "3", MEDIA_MAX_MEGAPIXELS: "2" });
  t.same({ bytes, pixels, uploads }, { bytes: { ...standard, audio: 3 * mebibyte }, pixels: 2_000_000, uploads: 100 });
  t.throws(() => limitsOf({ MEDIA_MAX_FILE_MB: "0" }), /MEDIA_MAX_FILE_MB/);
});
