// The blobs port: files kept by name.
import type { Readable } from "node:stream";

/** size in bytes; contentType exactly as passed to put(). */
export interface BlobInfo {
  readonly size: number;
  readonly contentType: string;
}

/** The path of a file, which still belongs to the caller, or bytes, which must not change until put() settles. */
export type BlobContent = { readonly file: string } | { readonly bytes: Uint8Array };

/** Whole numbers, 0 ≤ start ≤ end; the byte at end is part of the range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A store of files by name, for any number of processes.
 *
 * Names have 1–200 characters: parts of `a-z 0-9 . _ -`, each beginning with a letter or digit, joined by single `/`. A name may
 * be a prefix of another one (`a` and `a/b`). Every call rejects, before anything is touched, with InvalidBlobName
 * for another name; with BlobsUnavailable when the store cannot be reached, does not answer in time or fails, and after
 * close(). A call that rejected with BlobsUnavailable may have taken effect; every call is idempotent.
 */
export interface Blobs {
  /**
   * Stores a file under a name, atomically with its content type; an existing one is replaced as a whole. Of concurrent puts
   * of one name, one wins. Once it resolves, the blob survives a crash. Memory use does not depend on the size
   * of a file. Rejects with UnreadableSource when the file cannot be read or changes its size meanwhile, and with InvalidContentType
   * unless contentType is `type/subtype`, with parameters (`; charset=utf-8`) if need be, of at most 100 characters.
   */
  put(name: string, content: BlobContent, contentType: string): Promise<void>;
  /** What is stored under the name; undefined when nothing is. */
  stat(name: string): Promise<BlobInfo | undefined>;
  /**
   * The bytes, or those of the range; an end beyond the last byte is cut to it. The caller reads the stream to its end or destroys it.
   * When the blob is replaced or removed meanwhile, the stream continues with the old bytes or fails.
   * Rejects with BlobMissing, and with a RangeError when the range is invalid or begins beyond the last byte.
   */
  read(name: string, range?: ByteRange): Promise<Readable>;
  /** Removes those that exist; a missing one is not an error. */
  remove(names: readonly string[]): Promise<void>;
  /** Resolves when the store answers and is writable. */
  ping(): Promise<void>;
  /** Closes the store; streams that are still being read may fail. */
  close(): Promise<void>;
}

/** Nothing is stored under the name. */
export class BlobMissing extends Error {
  override readonly name = "BlobMissing";
  constructor(blob: string) {
    super(`no blob is stored as ${blob}`);
  }
}

/** The name is not a valid blob name. */
export class InvalidBlobName extends RangeError {
  override readonly name = "InvalidBlobName";
}

/** The content type is not valid. */
export class InvalidContentType extends RangeError {
  override readonly name = "InvalidContentType";
}

/** The source file cannot be read, or changed its size; the cause, if any, has the reason. */
export class UnreadableSource extends Error {
  override readonly name = "UnreadableSource";
}

/** The store is unreachable, unresponsive or broken; the cause has the reason. */
export class BlobsUnavailable extends Error {
  override readonly name = "BlobsUnavailable";
}
