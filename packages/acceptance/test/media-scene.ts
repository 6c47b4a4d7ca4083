// Uploads forms and opens the URLs of files, as clients do.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type MediaInfo, type Message, routes } from "@khui/contracts";
import type { Bytes } from "@khui/test-kit/files/media-files";
import { type Answer, bearer, good } from "@khui/test-kit/rest-answers";
import type { System, User } from "@khui/test-kit/system";
import sharp from "sharp";
import type { Test } from "tap";

export type MediaMessage = Message & { readonly mediaInfo: MediaInfo };

export interface Served {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** A form's fields in order: text, or a file with its name and the content type that the client claims. */
export type Field = readonly [name: string, value: string | File];

export interface MediaScene {
  /** Posts a form, or a given request body and headers. */
  post(user: User | undefined, roomId: string, form: FormData | RequestInit): Promise<Answer>;
  /** Sends a file that must be accepted. Its default `name` is "file". Other fields come before the file. */
  send(t: Test, user: User, roomId: string, type: string, bytes: Bytes, extra?: Extra): Promise<MediaMessage>;
  /** Opens a URL as the system returned it, through the base URL that the test uses. */
  open(address: string, init?: RequestInit): Promise<Served>;
  /** The same URL in absolute form. */
  absolute(address: string): string;
  /** The bytes behind a message's URL; asserts that they match what the message says. */
  served(t: Test, message: MediaMessage): Promise<Buffer>;
  /** The size of a message's thumbnail, which must be a WebP. */
  thumbnailSize(t: Test, message: MediaMessage): Promise<{ width: number; height: number }>;
}

interface Extra extends Readonly<Record<string, string>> {
  readonly name?: string;
}

export function mediaScene({ url }: Pick<System, "url">): MediaScene {
  const absolute: MediaScene["absolute"] = (address) => {
    const { pathname, search } = new URL(address, url);
    return new URL(pathname + search, url).href;
  };
  const post: MediaScene["post"] = async (user, roomId, form) => {
    const { headers, ...init } = form instanceof FormData ? { body: form, headers: undefined } : form;
    const response = await fetch(`${url}/api/v1/chat/rooms/${roomId}/messages/media`, {
      method: "POST",
      ...init,
      headers: { ...(user ? bearer(user) : {}), ...Object.fromEntries(new Headers(headers)) },
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  const open: MediaScene["open"] = async (address, init) => {
    const response = await fetch(absolute(address), init);
    const { status, headers } = response;
    return { status, headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  return {
    absolute,
    post,
    async send(t, user, roomId, type, bytes, { name = "file", ...fields } = {}) {
      const form = formOf(["type", type], ...Object.entries(fields), ["file", new File([bytes], name)]);
      return withMedia(good(t, routes.sendMedia, await post(user, roomId, form)).data);
    },
    open,
    async served(t, { mediaInfo }) {
      const { status, headers, bytes } = await open(mediaInfo.url);
      t.equal(status, 200);
      t.equal(bytes.length, mediaInfo.size, "size is that of what is served");
      t.equal(headers.get("content-type"), mediaInfo.mimeType);
      return bytes;
    },
    async thumbnailSize(t, { mediaInfo }) {
      const { status, headers, bytes } = await open(mediaInfo.thumbnail ?? "/there-is-no-thumbnail");
      t.match({ status, type: headers.get("content-type") }, { status: 200, type: "image/webp" });
      const { format, width, height, pages = 1 } = await sharp(bytes).metadata();
      t.match({ format, pages }, { format: "webp", pages: 1 });
      return { width, height };
    },
  };
}

/** The message; throws if it has no file. */
export function withMedia(message: Message | undefined): MediaMessage {
  if (!message?.mediaInfo) throw new Error(`there is no file in ${JSON.stringify(message)}`);
  return { ...message, mediaInfo: message.mediaInfo };
}

export function formOf(...fields: readonly Field[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

/** A part written by hand: the text after `form-data; ` in its first header, and its content. */
export type Part = readonly [disposition: string, content: string | Uint8Array];

/** A form that no browser would send, with its content type. `closed: false` omits its end. */
export function handMade(parts: readonly Part[], { closed = true } = {}) {
  const boundary = `boundary-${randomBytes(8).toString("hex")}`;
  const chunks = parts.flatMap(([disposition, content]) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(content as Uint8Array),
    Buffer.from("\r\n"),
  ]);
  const body = Buffer.concat([...chunks, Buffer.from(closed ? `--${boundary}--\r\n` : "")]);
  return { body, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

/** A fixture of the tests of media-service. */
export async function fixture(name: string): Promise<Bytes> {
  return new Uint8Array(await readFile(new URL(`../../tools/test-kit/src/files/fixtures/${name}`, import.meta.url)));
}

/**
 * Posts over its own socket, with these headers and this part of a body, and resolves with everything received. `hangUp` closes the
 * connection once the body is written; otherwise it is closed after the first response.
 */
export async function postRaw(
  system: Pick<System, "url">,
  user: User,
  roomId: string,
  { headers, body }: { headers: Record<string, string>; body: Uint8Array },
  { hangUp = false } = {},
): Promise<string> {
  const { hostname, port } = new URL(system.url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries({ host: `${hostname}:${port}`, ...bearer(user), ...headers });
  socket.write(`POST /api/v1/chat/rooms/${roomId}/messages/media HTTP/1.1\r\n`);
  socket.write(`${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  await new Promise<void>((resolve, reject) => socket.write(body, (error) => (error ? reject(error) : resolve())));
  if (hangUp) socket.destroy();
  else socket.once("data", () => socket.end());
  return text(socket).catch(() => "");
}
