// Makes the files that tests upload: pictures with all their secrets, archives, documents, bombs.
import { crc32, deflateRawSync, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";

export type Bytes = Uint8Array<ArrayBuffer>;

const bytesOf = (...parts: ReadonlyArray<string | Uint8Array>): Bytes =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))));

/** A picture that is red on its left half and blue on its right. */
export function redAndBlue(width: number, height: number): Sharp {
  const half = { create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: "#00f" } };
  const red = sharp({ create: { width, height, channels: 3, background: "#f00" } });
  return red.composite([{ input: half, left: Math.floor(width / 2), top: 0 }]);
}

export async function made(picture: Sharp): Promise<Bytes> {
  return new Uint8Array(await picture.toBuffer());
}

/** Noise, which no format makes small. */
export function noise(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: "#888", noise: { type: "gaussian", sigma: 80 } } });
}

/** What its owner would not show: searched for in what is served. */
export const secrets = [
  "Exif",
  "owner-of-the-phone",
  "xmpmeta",
  "ICC_PROFILE",
  "acsp",
  "Photoshop 3.0",
  "8BIM",
  "a remark",
];

/** A picture as a phone takes it: lying on its side, with its owner, place, colours and edits noted. */
export function fromPhone(width: number, height: number): Sharp {
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>`;
  return redAndBlue(width, height)
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Artist: "owner-of-the-phone" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "13/1 45/1 0/1", GPSLongitudeRef: "E", GPSLongitude: "100/1 30/1 0/1" },
    })
    .withXmp(xmp)
    .withIccProfile("p3");
}

/** A JPEG with a segment put right behind its start. */
export function withSegment(jpeg: Uint8Array, marker: number, content: string): Bytes {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(content) + 2);
  return bytesOf(jpeg.subarray(0, 2), Uint8Array.of(0xff, marker), length, content, jpeg.subarray(2));
}

/** One chunk of a PNG. */
export function pngChunk(type: string, content: Uint8Array): Bytes {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(content, crc32(type)));
  return bytesOf(length, type, content, check);
}

/** The length of a PNG's signature and header, behind which other chunks may be put. */
export const pngStart = 33;

/** A PNG of one colour, small on disk and as large as one likes when unpacked. */
export function pngBomb(width: number, height: number): Bytes {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit a pixel, grey.
  header[8] = 1;
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * height);
  const chunks = [pngChunk("IHDR", header), pngChunk("IDAT", deflateSync(rows)), pngChunk("IEND", new Uint8Array())];
  return bytesOf(Uint8Array.of(0x89), "PNG\r\n\x1a\n", ...chunks);
}

/** A GIF whose frames have one pixel each, on a canvas of any size. */
export function gifBomb(width: number, height: number, frames: number): Bytes {
  const screen = Buffer.alloc(7);
  screen.writeUInt16LE(width, 0);
  screen.writeUInt16LE(height, 2);
  // A palette of two colours.
  screen[4] = 0x80;
  const palette = Uint8Array.of(0, 0, 0, 255, 255, 255);
  const shown = Uint8Array.of(0x21, 0xf9, 4, 4, 10, 0, 0, 0);
  // At 0,0 of 1 × 1; LZW of two bits: clear, 0, end.
  const frame = Uint8Array.of(0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0);
  const all = Array.from({ length: frames }, () => bytesOf(shown, frame));
  return bytesOf("GIF89a", screen, palette, ...all, Uint8Array.of(0x3b));
}

/**
 * A ZIP archive of these entries, compressed. `before` is put in front of it, and `comment` (ASCII) at its end; readers still find the
 * archive, since they begin at its end.
 */
export function zip(
  entries: Readonly<Record<string, string | Uint8Array>>,
  before: Uint8Array = new Uint8Array(),
  comment = "",
): Bytes {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = before.length;
  for (const [name, text] of Object.entries(entries)) {
    const content = Buffer.from(text as Uint8Array);
    const packed = deflateRawSync(content);
    // Version 2.0, deflated, UTF-8 names, no time; then the sizes, and the length of the name.
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(0x0800, 2);
    about.writeUInt16LE(8, 4);
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const entry = bytesOf("PK\x03\x04", about, name, packed);
    central.push(bytesOf("PK\x01\x02", Uint8Array.of(20, 0), about, place, name));
    local.push(entry);
    at += entry.length;
  }
  const directory = bytesOf(...central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  end.writeUInt16LE(comment.length, 16);
  return bytesOf(before, ...local, directory, "PK\x05\x06", end, comment);
}

/** A Word document, its list of contents first as Word writes it. */
export function docx(paragraph: string): Bytes {
  const type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
  return zip({
    "[Content_Types].xml": `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="${type}"/></Types>`,
    "_rels/.rels": `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>`,
    "word/document.xml": `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>${paragraph}</w:t></w:r></w:p></w:body></w:document>`,
  });
}

/** An empty page. */
export const pdf: Bytes = bytesOf(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`);

export const html: Bytes = bytesOf(
  "<!doctype html><title>ran</title><script>document.title='ran';window.opener&&(window.opener.ran=1)</script>",
);
export const svg: Bytes = bytesOf(
  `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>document.documentElement.setAttribute('ran','1')</script></svg>`,
);
export const plainText: Bytes = bytesOf("สวัสดีครับ <script>alert(1)</script>\n");

/** Text or bytes joined to one file. */
export const joined = bytesOf;
