// FLAC (RFC 9639): of the metadata blocks, the stream information and the seek table stay.
import { type BlankableFile, Unreadable } from "./blanks.js";
import { blankId3v1, blankId3v2 } from "./frames.js";

const [streamInformation, padding, seekTable] = [0, 1, 3];

export function blankFlac(file: BlankableFile): undefined {
  const begin = blankId3v2(file);
  if (file.read(begin, 4).toString("latin1") !== "fLaC") throw new Unreadable("no FLAC");
  for (let at = begin + 4, isLast = false; !isLast; ) {
    const header = file.read(at, 4);
    if (header.length < 4) throw new Unreadable("no end of the metadata");
    isLast = (header[0]! & 0x80) !== 0;
    const type = header[0]! & 0x7f;
    const length = header.readUIntBE(1, 3);
    if (type !== streamInformation && type !== seekTable) {
      file.blank(at, 1, Buffer.of((isLast ? 0x80 : 0) | padding));
      file.blank(at + 4, length);
    }
    at += 4 + length;
  }
  blankId3v1(file);
}
