// Argument checks, shared by all blobs adapters.
import { type Blobs, BlobsUnavailable, type ByteRange, InvalidBlobName, InvalidContentType } from "./index.js";

const maxNameLength = 200;
const nameForm = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

const maxContentTypeLength = 100;
const token = "[A-Za-z0-9!#$&^_.+-]+";
const contentTypeForm = new RegExp(`^${token}/${token}(?:; ?${token}=${token})*$`);

function checkName(name: string): void {
  if (typeof name === "string" && name.length <= maxNameLength && nameForm.test(name)) return;
  throw new InvalidBlobName(
    `a blob's name is 1 to ${maxNameLength} characters: parts of a-z 0-9 . _ -, each beginning with a-z or 0-9, joined by /`,
  );
}

function checkContentType(contentType: string): void {
  const fits = typeof contentType === "string" && contentType.length <= maxContentTypeLength;
  if (fits && contentTypeForm.test(contentType)) return;
  throw new InvalidContentType(`a content type is type/subtype in at most ${maxContentTypeLength} ASCII characters`);
}

function checkRange({ start, end }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new RangeError(`a range is 0 <= start <= end in whole bytes, not ${start} to ${end}`);
}

/**
 * The same store with argument checks: arguments that violate the port's contract are rejected before they reach the store,
 * and so is every call after close(). close() reaches the store once.
 */
export function checked(store: Blobs): Blobs {
  let closing: Promise<void> | undefined;
  const checkOpen = () => {
    if (closing) throw new BlobsUnavailable("the store of blobs has been closed");
  };
  return {
    async put(name, content, contentType) {
      checkName(name);
      checkContentType(contentType);
      checkOpen();
      await store.put(name, content, contentType);
    },
    async stat(name) {
      checkName(name);
      checkOpen();
      return store.stat(name);
    },
    async read(name, range) {
      checkName(name);
      if (range) checkRange(range);
      checkOpen();
      return store.read(name, range);
    },
    async remove(names) {
      for (const name of names) checkName(name);
      checkOpen();
      if (names.length > 0) await store.remove([...names]);
    },
    async ping() {
      checkOpen();
      await store.ping();
    },
    async close() {
      closing ??= store.close();
      await closing;
    },
  };
}
