// Reads the structure of a recording's file, and collects what of it is to be blanked: overwritten in place, so that no offset changes.
import { readSync, writeSync } from "node:fs";

/** The file cannot be blanked: it is not built as its type demands, or it takes too long. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

const windowBytes = 65_536;
/** No well-formed file of 100 MB comes near it: a fragment of a video has two, a recording of a browser none. */
const maxBlanks = 50_000;

interface Blank {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Zeros after the bytes. */
  readonly zeros: number;
}

/**
 * An open file of `size` bytes, read in windows of 64 KB until `deadline` (ms since 1970). It reads synchronously: it is for a worker, which
 * has nothing else to do. Nothing is written before `write`.
 */
export class BlankableFile {
  readonly #blanks: Blank[] = [];
  #blankedBytes = 0;
  #window = Buffer.alloc(0);
  #windowStart = 0;

  constructor(
    private readonly fd: number,
    readonly size: number,
    private readonly deadline: number,
  ) {}

  /** `length` bytes from `at`, or those up to the end of the file; valid until the next call. Throws Unreadable after the deadline. */
  read(at: number, length: number): Buffer {
    const start = at - this.#windowStart;
    const isInWindow = start >= 0 && start + length <= this.#window.length;
    if (!isInWindow) {
      if (Date.now() > this.deadline) throw new Unreadable("reading took too long");
      const buffer = Buffer.alloc(Math.max(windowBytes, length));
      this.#window = buffer.subarray(0, readSync(this.fd, buffer, 0, buffer.length, at));
      this.#windowStart = at;
    }
    return this.#window.subarray(at - this.#windowStart, at - this.#windowStart + length);
  }

  /** Notes that the `length` bytes from `at` become `bytes` and zeros. What lies beyond the end of the file is left out. */
  blank(at: number, length: number, bytes: Uint8Array | string = ""): void {
    const within = Math.min(length, this.size - at);
    if (within <= 0) return;
    const kept = Buffer.from(bytes as string, "latin1").subarray(0, within);
    this.#blankedBytes += within;
    if (this.#blanks.length === maxBlanks || this.#blankedBytes > this.size) throw new Unreadable("too many blanks");
    this.#blanks.push({ at, bytes: kept, zeros: within - kept.length });
  }

  /** Writes the blanks. */
  write(): void {
    const zeros = Buffer.alloc(windowBytes);
    for (const blank of this.#blanks) {
      writeSync(this.fd, blank.bytes, 0, blank.bytes.length, blank.at);
      const end = blank.at + blank.bytes.length + blank.zeros;
      for (let at = end - blank.zeros; at < end; at += windowBytes)
        writeSync(this.fd, zeros, 0, Math.min(windowBytes, end - at), at);
    }
  }
}
