// Links to files: signed, so that an <img> tag needs no token, and expiring, so that a leaked one does not last.
import { createHmac, timingSafeEqual } from "node:crypto";
import { ChatError, mediaPaths } from "@khui/contracts";

export interface MediaLinks {
  /** The link to a file, valid for `validSeconds` or up to a day more. */
  file(fileId: string, name: string): string;
  thumbnail(fileId: string): string;
  /** The link to what anyone may fetch, such as a sticker's picture: not signed. */
  unsigned(path: string): string;
  /**
   * Verifies the query of a link to `path`, which is as `mediaPaths` spells it. Returns for how many more seconds it is
   * valid. Throws ChatError: invalid_signature, link_expired.
   */
  check(path: string, query: { readonly expires: string; readonly signature: string }): number;
}

export interface MediaLinkOptions {
  /** The first signs; all are accepted, so that a new one can be put in front while links signed by the old one are in use. */
  readonly secrets: readonly string[];
  readonly validSeconds: number;
  /** The origin of links, such as `https://chat.example.com`; empty for links relative to the page. */
  readonly publicUrl: () => string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Expiry times are rounded up to whole days, so that a link stays the same for a day and browsers may cache what it leads to. */
const daySeconds = 86_400;

/** Signs with HMAC-SHA-256 over path and time. */
export function createMediaLinks(options: MediaLinkOptions): MediaLinks {
  const { secrets, validSeconds, publicUrl, now = Date.now } = options;
  const [signingSecret] = secrets;
  if (!signingSecret) throw new Error("a secret is needed to sign links");
  const step = Math.min(daySeconds, validSeconds);

  const link = (path: string): string => {
    const expires = Math.ceil((now() / 1000 + validSeconds) / step) * step;
    const signature = sign(signingSecret, path, String(expires));
    return `${publicUrl()}${path}?expires=${expires}&signature=${signature}`;
  };
  return {
    file: (fileId, name) => link(mediaPaths.file(fileId, name)),
    thumbnail: (fileId) => link(mediaPaths.thumbnail(fileId)),
    unsigned: (path) => `${publicUrl()}${path}`,
    check(path, { expires, signature }) {
      const received = Buffer.from(signature);
      const isValid = secrets.some((secret) => {
        const expected = Buffer.from(sign(secret, path, expires));
        return received.length === expected.length && timingSafeEqual(received, expected);
      });
      if (!isValid) throw new ChatError("invalid_signature");
      const left = Math.floor(Number(expires) - now() / 1000);
      if (left <= 0) throw new ChatError("link_expired");
      return left;
    },
  };
}

function sign(secret: string, path: string, expires: string): string {
  return createHmac("sha256", secret).update(`${path}\n${expires}`).digest("base64url");
}
