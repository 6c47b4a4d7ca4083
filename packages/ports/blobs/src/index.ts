// The blobs port: files kept by name.
import type { Readable } from "node:stream";

/** size in bytes; contentType exactly as it was given to put(). */
export interface BlobInfo {
  readonly size: number;
  readonly contentType: string;
}

/** A path of a file, which stays the caller's, or bytes, which must not change until put() settles. */
export type BlobContent = { readonly file: string } | { readonly bytes: Uint8Array };

/** Whole numbers, 0 ≤ start ≤ end; the byte at end is part of the range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A store of files by name, for any number of processes.
 *
 * Names have 1–200 characters: parts of `a-z 0-9 . _ -`, each beginning with a letter or digit, joined by single `/`. A name that
 * begins another one (`a` and `a/b`) is a name like any other. Every call rejects, before anything is touched, with InvalidBlobName
 * for another name; with BlobsUnavailable when the store cannot be reached, does not answer in time or fails, and after
 * close(). A call that rejected with BlobsUnavailable may have been done all the same; every call may be repeated.
 */
export interface Blobs {
  /**
   * Stores a file under a name: whole or not at all, together with its content type; one that is there is replaced whole. Of puts
   * of one name at the same time one wins. Once it resolves, the blob survives a crash. Memory stays flat whatever the size
   * of a file. Rejects with UnreadableSource when the file cannot be read or changes its size meanwhile, and with InvalidContentType
   * unless contentType is `type/subtype`, with parameters (`; charset=utf-8`) if need be, of at most 100 characters.
   */
  put(name: string, content: BlobContent, contentType: string): Promise<void>;
  /** What is stored under the name; undefined when nothing is. */
  stat(name: string): Promise<BlobInfo | undefined>;
  /**
   * The bytes, or those of the range; an end behind the last byte stands for it. The caller reads the stream to its end or destroys it.
   * When the blob is replaced or removed meanwhile, the stream goes on with the bytes it began with or fails.
   * Rejects with BlobMissing, and with a RangeError when the range is not one or begins behind the last byte.
   */
  read(name: string, range?: ByteRange): Promise<Readable>;
  /** Removes all that are there; one that is not is no failure. */
  remove(names: readonly string[]): Promise<void>;
  /** Resolves when the store answers and can take blobs. */
  ping(): Promise<void>;
  /** Lets go of the store; streams that are still being read may fail. */
  close(): Promise<void>;
}

/** Nothing is stored under the name. */
export class BlobMissing extends Error {
  override readonly name = "BlobMissing";
  constructor(blob: string) {
    super(`no blob is stored as ${blob}`);
  }
}

/** The name is not one that a blob can have. */
export class InvalidBlobName extends RangeError {
  override readonly name = "InvalidBlobName";
}

/** The content type is not one that a blob can have. */
export class InvalidContentType extends RangeError {
  override readonly name = "InvalidContentType";
}

/** The file to be put cannot be read, or was not of one size throughout; the cause, if any, says why. */
export class UnreadableSource extends Error {
  override readonly name = "UnreadableSource";
}

/** The store is out of reach, silent or broken; the cause says why. */
export class BlobsUnavailable extends Error {
  override readonly name = "BlobsUnavailable";
}
