// Whatever is served to be shown or played says nothing of the place where it was made.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { MediaKind } from "@khui/contracts";
import { box, fullBox, u32 } from "@khui/test-kit/files/hostile-recordings";
import { fixture, flac, folderFor } from "@khui/test-kit/files/made-files";
import { noise, pngChunk, pngStart, withSegment } from "@khui/test-kit/files/media-files";
import sharp from "sharp";
import t, { type Test, test } from "tap";
import { createInspection } from "../src/inspection/inspection.js";
import { isInline } from "../src/inspection/kinds.js";
import { createParsers } from "../src/inspection/parsers.js";
import { defaultLimits } from "../src/limits.js";

const parsers = createParsers();
t.teardown(() => parsers.close());
const inspection = createInspection(parsers, undefined, defaultLimits);

/** As phones write it (ISO 6709), and in other files as a text. */
const place = "+13.7563+100.5018/";
const xmp = `<x:xmpmeta><exif:GPSLatitude>${place}</exif:GPSLatitude></x:xmpmeta>`;
const latin1 = (text: string) => Buffer.from(text, "latin1");
const joined = (...parts: ReadonlyArray<Uint8Array | string>) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? latin1(part) : part)));
const little = (value: number) => Buffer.from(u32(value)).reverse();

const isInstalled = (() => {
  try {
    return execFileSync("ffmpeg", ["-version"]).length > 0;
  } catch {
    return false;
  }
})();

/** Sends a file as each of `kinds`. What is served of it to be shown has no place; returns what that is, by kind. */
async function expectNoPlace(t: Test, what: string, content: Uint8Array, kinds: readonly MediaKind[]) {
  t.ok(Buffer.from(content).includes(place), `${what} has a place`);
  const served: Partial<Record<MediaKind, Buffer>> = {};
  for (const kind of kinds) {
    const folder = await folderFor(t);
    const received = await folder.write(content, "received");
    const { path, facts } = await inspection.inspect(received, kind, folder.path, "alice");
    const bytes = await readFile(path);
    const type = `${what} as ${kind}: ${facts.mimeType}`;
    t.equal(bytes.length, facts.size, type);
    if (!isInline(facts.mimeType)) t.equal(kind, "file", `${type} is only saved`);
    else for (const form of ["latin1", "utf16le"] as const) t.notOk(bytes.includes(Buffer.from(place, form)), type);
    served[kind] = bytes;
  }
  return served;
}

/** The fixture `video.mp4`, whose last box is its `moov`, with more boxes in that, and behind it. */
async function mp4With(inMovie: readonly Buffer[], after: readonly Buffer[] = []): Promise<Buffer> {
  const video = await readFile((await fixture("video.mp4")).path);
  const movieAt = video.indexOf("moov") - 4;
  const grown = box("moov", video.subarray(movieAt + 8), ...inMovie);
  return joined(video.subarray(0, movieAt), grown, ...after);
}

/** A track as cameras and phones write one beside the video: its one sample is the place. `offset` is where that is in the file. */
function placeTrack(handler: string, offset: number): Buffer {
  const tables = [
    fullBox("stsd", u32(1), box("gpmd", Buffer.alloc(8))),
    fullBox("stts", u32(1), u32(1), u32(1)),
    fullBox("stsc", u32(1), u32(1), u32(1), u32(1)),
    fullBox("stsz", u32(0), u32(1), u32(place.length)),
    fullBox("stco", u32(1), u32(offset)),
  ];
  const header = fullBox("tkhd", Buffer.alloc(8), u32(9), Buffer.alloc(72));
  const media = [fullBox("mdhd", Buffer.alloc(20)), fullBox("hdlr", u32(0), handler, Buffer.alloc(13))];
  return box("trak", header, box("mdia", ...media, box("minf", box("gmhd"), box("stbl", ...tables))));
}

test("the place of an MP4 is blanked wherever programs write it", async (t) => {
  const xyz = box("\xa9xyz", Buffer.of(0, place.length, 0x15, 0xc7), place);
  const loci = fullBox("loci", Buffer.of(0x15, 0xc7), `${place}\0`, Buffer.alloc(13));
  const key = "com.apple.quicktime.location.ISO6709";
  const keys = fullBox("keys", u32(1), u32(key.length + 8), "mdta", key);
  const values = box("ilst", box("\0\0\0\x01", box("data", u32(1), u32(0), place)));
  const meta = box("meta", fullBox("hdlr", u32(0), "mdta", Buffer.alloc(13)), keys, values);
  const uuid = box("uuid", Buffer.from("be7acfcb97a942e89c71999491e3afac", "hex"), xmp);
  const files: Record<string, Buffer> = {
    "udta ©xyz": await mp4With([box("udta", xyz)]),
    "udta loci": await mp4With([box("udta", loci)]),
    "QuickTime keys": await mp4With([meta]),
    "keys of a full box": await mp4With([box("udta", fullBox("meta", fullBox("hdlr", u32(0), "mdir"), values))]),
    "XMP in the movie": await mp4With([uuid]),
    "XMP behind it": await mp4With([], [uuid]),
    "what a program made free": await mp4With([], [box("free", place)]),
    "a box of an unknown name": await mp4With([box("SDLN", place)], [box("sefd", place)]),
    "an unfinished box": joined(await mp4With([]), u32(1_000), "skip", place),
  };
  for (const handler of ["meta", "sbtl"]) {
    const bare = await mp4With([placeTrack(handler, 0)]);
    files[`a track of ${handler}`] = joined(await mp4With([placeTrack(handler, bare.length + 8)]), box("mdat", place));
  }
  const original = await readFile((await fixture("video.mp4")).path);
  const sound = original.subarray(original.indexOf("mdat"), original.indexOf("moov") - 4);
  for (const [what, content] of Object.entries(files)) {
    const { video } = await expectNoPlace(t, what, content, ["video", "file"]);
    t.ok(video?.includes(sound), "picture and sound are untouched");
  }
});

test("tags of sounds are blanked", async (t) => {
  const soundOf = async (name: string) => readFile((await fixture(name)).path);
  const mp3 = await soundOf("sound.mp3");
  const frame = (id: string, content: Buffer) => joined(id, u32(content.length), "\0\0", content);
  const tag = (...frames: Buffer[]) => {
    const body = joined(...frames, Buffer.alloc(20));
    return joined("ID3\x03\0\0\0\0", Buffer.of(body.length >> 7, body.length & 0x7f), body);
  };
  const id3 = tag(
    frame("PRIV", joined("XMP\0", xmp)),
    frame("TXXX", joined("\x01", Buffer.from(`\ufefflocation\0\ufeff${place}`, "utf16le"))),
  );
  const ape = joined("APETAGEX", little(2_000), little(60), little(1), little(0xa0000000), Buffer.alloc(8), place);
  const id3v1 = joined("TAG", place.padEnd(125, "\0"));
  const wav = await soundOf("sound.wav");
  const list = joined("LIST", little(30), "INFOICMT", little(18), place.padEnd(18));
  const comment = joined(little(4), "test", little(1), little(9 + place.length), `location=${place}`);
  const flacWith = joined(flac.subarray(0, 4), flac.subarray(4, 42), Buffer.of(4, 0, 0, comment.length), comment);
  const files: ReadonlyArray<readonly [string, Buffer]> = [
    ["ID3v2", joined(id3, mp3)],
    ["two ID3v2", joined(id3, id3, mp3)],
    ["ID3v1", joined(mp3, id3v1)],
    ["APE", joined(mp3, ape)],
    ["APE and ID3v1", joined(mp3, ape, id3v1)],
    ["WAV", joined(wav.subarray(0, 12), list, wav.subarray(12))],
    ["XMP behind a WAV", joined(wav, "_PMX", little(xmp.length), xmp)],
    ["FLAC", joined(flacWith, flac.subarray(42))],
  ];
  for (const [what, content] of files) await expectNoPlace(t, what, content, ["audio", "file"]);
});

const title = `-metadata location=${place} -metadata title=${place} -metadata comment=${place}`;
const [picture, sound] = ["-f lavfi -i testsrc=size=64x48:rate=10:duration=1", "-f lavfi -i sine=440:duration=1"];
/** By the file's name: what ffmpeg makes it of. */
const recordings: Record<string, string> = {
  "video.mp4": `${picture} ${sound} -c:v mpeg4 -c:a aac`,
  "video.mov": `${picture} ${sound} -c:v mpeg4 -c:a aac`,
  "keys.mov": `${picture} ${sound} -c:v mpeg4 -c:a aac -movflags use_metadata_tags`,
  "fragmented.mp4": `${picture} ${sound} -c:v mpeg4 -c:a aac -movflags frag_keyframe+empty_moov`,
  "video.3gp": `${picture} ${sound} -c:v mpeg4 -c:a aac`,
  "subtitles.mp4": `${picture} -i subtitles.srt -c:v mpeg4 -c:s mov_text`,
  "subtitles.mkv": `${picture} -i subtitles.srt -c:v mpeg4 -c:s srt -metadata:s:v title=${place}`,
  "video.webm": `${picture} ${sound} -c:v libvpx -c:a libopus -metadata:s:a title=${place}`,
  "sound.m4a": `${sound} -c:a aac`,
  "sound.aac": `${sound} -c:a aac -f adts -write_id3v2 1`,
  "sound.mp3": `${sound} -c:a libmp3lame -write_id3v1 1`,
  "sound.wav": `${sound}`,
  "sound.flac": `${sound}`,
  "opus.ogg": `${sound} -c:a libopus`,
  "vorbis.ogg": `${sound} -c:a libvorbis`,
  "theora.ogv": `${picture} ${sound} -c:v libtheora -c:a libvorbis`,
  "sound.caf": `${sound} -c:a pcm_s16le`,
};

test("recordings of ffmpeg lose their tags, and nothing of picture and sound", {
  skip: isInstalled ? false : "there is no ffmpeg here",
}, async (t) => {
  const { path } = await folderFor(t);
  await writeFile(`${path}/subtitles.srt`, `1\n00:00:00,000 --> 00:00:01,000\n${place}\n`);
  const run = (args: string) =>
    execFileSync("ffmpeg", `-nostdin -v error -y ${args}`.split(" "), { cwd: path }).toString("latin1");
  const streams = (name: string) => run(`-i ${name} -map 0:v? -map 0:a? -c copy -f streamhash -`);
  for (const [name, made] of Object.entries(recordings)) {
    run(`${made} ${title} ${name}`);
    const kind = /\.(?:mp4|mov|3gp|mkv|webm|ogv)$/.test(name) ? "video" : "audio";
    const served = await expectNoPlace(t, name, await readFile(`${path}/${name}`), [kind, "file"]);
    await writeFile(`${path}/served-${name}`, served[kind]!);
    t.equal(streams(`served-${name}`), streams(name), `${name}: the same packets`);
  }
});

test("a comment that spans pages of an Ogg is blanked, and their checksums are right", {
  skip: isInstalled ? false : "there is no ffmpeg here",
}, async (t) => {
  const { path } = await folderFor(t);
  const long = `${"x".repeat(150_000)}${place}`;
  await writeFile(`${path}/tags`, `;FFMETADATA1\ncomment=${long}\n`);
  for (const codec of ["libopus", "libvorbis"]) {
    const args = `-nostdin -v error -y -i tags ${sound} -map 1:a -map_metadata 0 -c:a ${codec} ${codec}.ogg`;
    execFileSync("ffmpeg", args.split(" "), { cwd: path });
    const { audio } = await expectNoPlace(t, codec, await readFile(`${path}/${codec}.ogg`), ["audio"]);
    await writeFile(`${path}/served.ogg`, audio!);
    // libavformat reports pages whose checksum is wrong.
    const check = "-nostdin -v warning -err_detect crccheck+explode -i served.ogg -c copy -f null -".split(" ");
    t.equal(execFileSync("ffmpeg", check, { cwd: path, stdio: "pipe" }).toString(), "", codec);
  }
});

test("pictures have no place, or are only saved", async (t) => {
  const exif = { IFD0: { Make: place, ImageDescription: place } };
  const image = () => noise(20, 10).withExif(exif);
  const png = await noise(20, 10).png().toBuffer();
  const text = pngChunk("tEXt", latin1(`Comment\0${place}`));
  const control = (...numbers: number[]) => joined(...numbers.map(u32));
  const animated = pngChunk("acTL", control(1, 0));
  const withChunks = (...chunks: Uint8Array[]) => joined(png.subarray(0, pngStart), ...chunks, png.subarray(pngStart));
  const shown: Record<string, Buffer> = {
    JPEG: await image().jpeg().toBuffer(),
    "JPEG with a comment": Buffer.from(withSegment(await image().jpeg().toBuffer(), 0xfe, place)),
    PNG: withChunks(text),
    WebP: await image().webp().toBuffer(),
    AVIF: await image().avif().toBuffer(),
    APNG: withChunks(animated, text),
  };
  for (const [what, content] of Object.entries(shown)) await expectNoPlace(t, what, content, ["image", "file"]);
  const heic = await readFile((await fixture("photo.heic")).path);
  const saved: Record<string, Buffer> = {
    TIFF: joined(await image().tiff().toBuffer(), place),
    HEIC: joined(heic, box("free", place)),
    BMP: joined(
      "BM",
      little(58),
      Buffer.alloc(4),
      little(54),
      little(40),
      little(1),
      little(1),
      "\x01\0\x18\0",
      Buffer.alloc(28),
      place,
    ),
  };
  for (const [what, content] of Object.entries(saved)) {
    const { file } = await expectNoPlace(t, what, content, ["file"]);
    t.ok(file?.equals(content), `${what} is saved as it came`);
  }
  t.match(await sharp(shown.APNG).metadata(), { format: "png" });
});
