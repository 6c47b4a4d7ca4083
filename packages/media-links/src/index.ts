// Addresses of files: signed so that an <img> tag needs no token, and expiring so that a leaked one does not last.
import { createHmac, timingSafeEqual } from "node:crypto";
import { ChatError, mediaPaths } from "@khui/contracts";

export interface MediaLinks {
  /** The address of a file, good for `validSeconds` or up to a day more. */
  file(fileId: string, name: string): string;
  thumbnail(fileId: string): string;
  /** The address of what anyone may have, such as a sticker's picture. */
  open(path: string): string;
  /**
   * Checks what an address brought along; `path` is as `mediaPaths` spells it. Returns for how many seconds more it is
   * good. Throws ChatError: invalid_signature, link_expired.
   */
  check(path: string, query: { readonly expires: string; readonly signature: string }): number;
}

export interface MediaLinkOptions {
  /** The first signs; all are accepted, so that a new one can be put in front while addresses of the old are about. */
  readonly secrets: readonly string[];
  readonly validSeconds: number;
  /** What is put in front of paths, such as `https://chat.example.com`; empty for addresses relative to the page. */
  readonly publicUrl: () => string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Ends of validity are rounded up to whole days, so that an address stays the same for a day and browsers may cache it. */
const daySeconds = 86_400;

/** Signs with HMAC-SHA-256 over path and time. */
export function createMediaLinks(options: MediaLinkOptions): MediaLinks {
  const { secrets, validSeconds, publicUrl, now = Date.now } = options;
  const [signing] = secrets;
  if (!signing) throw new Error("a secret is needed to sign addresses of files");
  const step = Math.min(daySeconds, validSeconds);

  const link = (path: string): string => {
    const expires = Math.ceil((now() / 1000 + validSeconds) / step) * step;
    const signature = sign(signing, path, String(expires));
    return `${publicUrl()}${path}?expires=${expires}&signature=${signature}`;
  };
  return {
    file: (fileId, name) => link(mediaPaths.file(fileId, name)),
    thumbnail: (fileId) => link(mediaPaths.thumbnail(fileId)),
    open: (path) => `${publicUrl()}${path}`,
    check(path, { expires, signature }) {
      const given = Buffer.from(signature);
      const good = secrets.some((secret) => {
        const expected = Buffer.from(sign(secret, path, expires));
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
      if (!good) throw new ChatError("invalid_signature");
      const left = Math.floor(Number(expires) - now() / 1000);
      if (left <= 0) throw new ChatError("link_expired");
      return left;
    },
  };
}

function sign(secret: string, path: string, expires: string): string {
  return createHmac("sha256", secret).update(`${path}\n${expires}`).digest("base64url");
}
