// Files that are refused for their content: damaged, too large, decompression bombs, ambiguous, or not of the declared type.

import type { MediaKind } from "@khui/contracts";
import type { Bytes } from "@khui/test-kit/files/media-files";
import {
  gifBomb,
  html,
  joined,
  made,
  noise,
  pdf,
  plainText,
  pngBomb,
  pngChunk,
  pngStart,
  redAndBlue,
  svg,
  zip,
} from "@khui/test-kit/files/media-files";
import { useSystem } from "@khui/test-kit/system";
import sharp from "sharp";
import t from "tap";
import { as, file, jpeg, mediaRefusals } from "./media-refusing.js";
import { fixture, formOf, handMade, type Part } from "./media-scene.js";

const system = await useSystem(t);
const { refusals } = mediaRefusals(system);

const mebibyte = 1024 * 1024;
const png = await made(redAndBlue(40, 20).png());
const gif = await fixture("animated.gif");
const mp3 = await fixture("sound.mp3");

const cut = (bytes: Uint8Array, part: number): Bytes => new Uint8Array(bytes.subarray(0, bytes.length * part));
const big = await made(noise(200, 200).jpeg());
const bigPng = await made(noise(200, 200).png());
const bigWebp = await made(noise(200, 200).webp());

refusals(t, "a damaged picture is no picture", [
  ["half a JPEG", "damaged_file", as("image", cut(big, 0.5))],
  ["half a PNG", "damaged_file", as("image", cut(bigPng, 0.5))],
  ["half a GIF", "damaged_file", as("image", cut(await made(noise(200, 200).gif()), 0.5))],
  ["half an animation", "damaged_file", as("image", cut(gif, 0.5))],
  ["half a WebP", "damaged_file", as("image", cut(bigWebp, 0.5))],
  ["half an animated WebP", "damaged_file", as("image", cut(await made(sharp(gif, { animated: true }).webp()), 0.5))],
  ["half a JPEG as a file", "damaged_file", as("file", cut(big, 0.5))],
  ["the start of a JPEG", "damaged_file", as("image", joined(jpeg.subarray(0, 20), Buffer.alloc(200)))],
  ["half a video", "damaged_file", as("video", cut(await fixture("video.mp4"), 0.1))],
]);

refusals(t, "a picture that is small only while it is packed is not unpacked", [
  ["20,000 by 20,000", "too_many_pixels", as("image", pngBomb(20_000, 20_000))],
  ["the same as a file", "too_many_pixels", as("file", pngBomb(20_000, 20_000))],
  ["many large frames", "too_many_pixels", as("image", gifBomb(2000, 2000, 60))],
  ["a very great number of frames", "too_many_pixels", as("image", gifBomb(500, 500, 10_000))],
  ["a width beyond all formats", "damaged_file", as("image", withDimensions(pngBomb(8, 8), 2 ** 31 - 1, 2 ** 31 - 1))],
]);

/** The same PNG with different dimensions in its header. */
function withDimensions(bytes: Bytes, width: number, height: number): Bytes {
  const header = Buffer.from(bytes.subarray(16, 29));
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return joined(bytes.subarray(0, 8), pngChunk("IHDR", header), bytes.subarray(pngStart));
}

const archive = zip({ "run.js": "alert(1)" });
const script = "<script>alert(1)</script>";

refusals(t, "a file of two kinds is neither", [
  ["JPEG and ZIP", "ambiguous_file", as("image", joined(jpeg, archive))],
  ["JPEG and ZIP as a file", "ambiguous_file", as("file", joined(jpeg, archive))],
  ["GIF with a script", "damaged_file", as("image", joined("GIF89a", script, gif.subarray(6)))],
  ["GIF with a page as its comment", "damaged_file", as("file", joined("GIF89a", "=1;/*<html >*/", gif.subarray(6)))],
  ["MP3 and ZIP", "ambiguous_file", as("audio", joined(mp3, archive))],
  ["PDF and ZIP", "ambiguous_file", as("file", joined(pdf, archive))],
  ["text and ZIP", "ambiguous_file", as("file", joined("x".repeat(5000), archive))],
]);

const kinds: ReadonlyArray<readonly [MediaKind, Bytes]> = [
  ["image", jpeg],
  ["audio", mp3],
  ["audio", await fixture("voice.webm")],
  ["video", await fixture("video.mp4")],
  ["video", await fixture("recorded.webm")],
  ["file", pdf],
  ["file", html],
  ["file", archive],
  ["file", plainText],
  ["file", joined(Uint8Array.of(1, 0, 2, 255))],
];

refusals(
  t,
  "a file is what it is, not what it is called",
  kinds.flatMap(([kind, bytes], i) =>
    (["image", "video", "audio"] as const)
      .filter((declared) => declared !== kind)
      .map((declared) => [`${kind} ${i} sent as ${declared}`, "wrong_kind_of_file", as(declared, bytes)] as const),
  ),
);

refusals(t, "a picture that browsers would not show, or that may carry a script, is sent as a file only", [
  ["SVG", "unsupported_media_type", as("image", svg)],
  ["TIFF", "unsupported_media_type", as("image", await made(sharp(png).tiff()))],
]);

const imageOf = (bytes: number) => joined(jpeg, new Uint8Array(bytes - jpeg.length));
const tooLarge = imageOf(10 * mebibyte + 1);

refusals(t, "a file has a largest size", [
  ["an image of 10 MB and a byte", "file_too_large", as("image", tooLarge)],
  ["the type behind it", "file_too_large", () => formOf(file(tooLarge), ["type", "image"])],
  [
    "a sound of 25 MB and a byte",
    "file_too_large",
    as("audio", joined(mp3, new Uint8Array(25 * mebibyte + 1 - mp3.length))),
  ],
  ["a file of 101 MB", "file_too_large", () => streamed(101, [[`name="type"`, "file"]])],
  ["a video of 101 MB, the type unknown yet", "file_too_large", () => streamed(101, [])],
]);

/** A form whose last part is a file of that many MB, generated while it is sent. */
function streamed(megabytes: number, before: readonly Part[]): RequestInit {
  const { body, headers } = handMade([...before, [`name="file"; filename="big"`, ""]]);
  const end = body.lastIndexOf("\r\n--");
  const chunk = new Uint8Array(mebibyte);
  async function* chunks() {
    yield body.subarray(0, end);
    for (let i = 0; i < megabytes; i++) yield chunk;
    yield body.subarray(end);
  }
  return { headers, body: ReadableStream.from(chunks()), duplex: "half" } as RequestInit;
}
