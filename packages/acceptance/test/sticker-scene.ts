// Publishes sticker sets for a test, finds the starter sets, and sends stickers, as clients do.
import { randomBytes, randomInt } from "node:crypto";
import type { StickerInfo, StickerSet, StickerSetManifest } from "@khui/contracts";
import { type Message, type Route, routes, type Sticker, type StickerManifest } from "@khui/contracts";
import { archive, type Files, filesOf, sticker } from "@khui/test-kit/files/sticker-sets";
import { type Answer, bearer, good } from "@khui/test-kit/rest-answers";
import type { System, User } from "@khui/test-kit/system";
import sharp from "sharp";
import type { Test } from "tap";
import { formOf, mediaScene, type Served } from "./media-scene.js";

export type StickerMessage = Message & { readonly stickerInfo: StickerInfo };

/** What identifies a sticker in a send; a Sticker qualifies. */
export type Choice = Pick<Sticker, "setId" | "stickerId" | "type">;

export interface StickerScene {
  /** A user with the scope chat:admin. */
  readonly admin: User;
  /** Sends a form to publish a set, or to update `setId`. Other headers and bodies may be given instead. */
  submit(user: User | undefined, form: FormData | RequestInit, setId?: string): Promise<Answer>;
  /** Sends an archive as the administrator, for a new set or for `setId`. */
  upload(content: Uint8Array, setId?: string): Promise<Answer>;
  /** Publishes a new set that must be accepted, with new pictures unless files are given. */
  publish(t: Test, content: StickerManifest, files?: Files): Promise<StickerSetManifest>;
  /** A set as the user sees it. */
  setOf(t: Test, user: User, setId: string): Promise<StickerSet>;
  stickersOf(t: Test, user: User, setId: string): Promise<Sticker[]>;
  /** A starter set, by its key. */
  starter(t: Test, key: "fong" | "som" | "lucky"): Promise<StickerSet & { readonly stickers: readonly Sticker[] }>;
  /** One sticker of a starter set. */
  starterSticker(t: Test, key: "fong" | "som" | "lucky", id: string): Promise<Sticker>;
  download(t: Test, user: User, setId: string): Promise<StickerSetManifest>;
  retire(t: Test, setId: string): Promise<StickerSet>;
  /** The keys of the sets in a list, in order; takes the query parameters by name. */
  listed(t: Test, user: User, query: Record<string, string>): Promise<string[]>;
  /** The ids of the stickers that a search finds, in order. */
  found(t: Test, user: User, q: string, limit?: number): Promise<string[]>;
  /** Tries to send a sticker; `extra` are further fields of the body. */
  trySend(
    user: User,
    roomId: string,
    choice: Choice,
    extra?: object,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Sends a sticker that must be accepted. */
  send(t: Test, user: User, roomId: string, choice: Choice, extra?: object): Promise<StickerMessage>;
  /** Opens a URL as the system returned it. */
  open(address: string, init?: RequestInit): Promise<Served>;
  /** The picture at a URL, which must decode completely. */
  picture(t: Test, address: string): Promise<Picture>;
}

interface Picture {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Pictures are opened through the base URL that the test uses. */
export function stickerScene(system: System): StickerScene {
  const admin = system.newUser("Admin", { scope: "chat:admin" });
  const { open } = mediaScene(system);
  const submit: StickerScene["submit"] = async (user, form, setId) => {
    const route: Route = setId === undefined ? routes.publishStickerSet : routes.updateStickerSet;
    const { headers, ...init } = form instanceof FormData ? { body: form, headers: undefined } : form;
    const response = await fetch(system.url + route.url.replace(":setId", setId ?? ""), {
      method: route.method,
      ...init,
      headers: { ...(user ? bearer(user) : {}), ...Object.fromEntries(new Headers(headers)) },
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  const upload: StickerScene["upload"] = (content, setId) => submit(admin, formOf(archiveField(content)), setId);
  const setOf: StickerScene["setOf"] = async (t, user, setId) =>
    good(t, routes.getStickerSet, await user.get(`/stickers/sets/${setId}`)).stickerSet;
  const stickersOf: StickerScene["stickersOf"] = async (t, user, setId) =>
    good(t, routes.listStickers, await user.get(`/stickers/sets/${setId}/stickers`)).stickers;
  const trySend: StickerScene["trySend"] = (user, roomId, { setId, stickerId, type }, extra = {}, headers = {}) =>
    user.post(`/rooms/${roomId}/messages/sticker`, { setId, stickerId, stickerType: type, ...extra }, headers);
  const starter: StickerScene["starter"] = async (t, key) => {
    const { stickerSets } = good(
      t,
      routes.listStickerSets,
      await admin.get(`/stickers/sets?${new URLSearchParams({ limit: "100", search: titles[key] })}`),
    );
    const set = stickerSets.find((one) => one.key === key);
    if (!set) throw new Error(`${key} is not among ${JSON.stringify(stickerSets.map((one) => one.key))}`);
    return { ...set, stickers: await stickersOf(t, admin, set._id) };
  };
  return {
    admin,
    submit,
    upload,
    async publish(t, content, files) {
      return good(t, routes.publishStickerSet, await upload(archive(files ?? (await filesOf(content))))).data;
    },
    setOf,
    stickersOf,
    starter,
    async starterSticker(t, key, id) {
      const found = (await starter(t, key)).stickers.find(({ stickerId }) => stickerId === id);
      if (!found) throw new Error(`${key} has no ${id}`);
      return found;
    },
    async download(t, user, setId) {
      return good(t, routes.downloadStickerSet, await user.post(`/stickers/sets/${setId}/download`)).data;
    },
    async retire(t, setId) {
      return good(t, routes.retireStickerSet, await admin.delete(`/stickers/sets/${setId}`)).data;
    },
    async listed(t, user, query) {
      const answer = await user.get(`/stickers/sets?${new URLSearchParams({ limit: "100", ...query })}`);
      return good(t, routes.listStickerSets, answer).stickerSets.map(({ key }) => key);
    },
    async found(t, user, q, limit = 100) {
      const answer = await user.get(`/stickers/search?${new URLSearchParams({ q, limit: `${limit}` })}`);
      return good(t, routes.searchStickers, answer).stickers.map(({ stickerId }) => stickerId);
    },
    trySend,
    async send(t, user, roomId, choice, extra) {
      return withSticker(good(t, routes.sendSticker, await trySend(user, roomId, choice, extra)).data);
    },
    open,
    async picture(t, address) {
      const { status, headers, bytes } = await open(address);
      if (status !== 200) throw new Error(`${address} answered ${status}`);
      const { format, width, height, pageHeight = height, pages = 1 } = await sharp(bytes, whole).metadata();
      t.equal(headers.get("content-type"), `image/${format}`, address);
      const { info } = await sharp(bytes, { ...whole, failOn: "warning" })
        .raw()
        .toBuffer({ resolveWithObject: true });
      t.strictSame([info.width, info.height], [width, pageHeight * pages], "every frame decodes");
      return { bytes, width, height: pageHeight, frames: pages };
    },
  };
}

const whole = { animated: true } as const;
const titles = { fong: "Fong the Chatty Bubble", som: "Som the Orange Cat", lucky: "Lucky draw" } as const;

/** The form field of a request that publishes a set. */
export const archiveField = (content: Uint8Array, name = "set.zip") =>
  ["file", new File([new Uint8Array(content)], name)] as const;

/** The message; throws if it has no sticker. */
export function withSticker(message: Message | undefined): StickerMessage {
  if (!message?.stickerInfo) throw new Error(`there is no sticker in ${JSON.stringify(message)}`);
  return { ...message, stickerInfo: message.stickerInfo };
}

/** A unique word: usable as a key, category or keyword, or in the middle of one. */
export const word = (): string => `w${randomBytes(8).toString("hex")}`;

const consonants = [..."กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"];
/** A unique sequence of Thai letters. */
export const thaiWord = (): string =>
  Array.from({ length: 12 }, () => consonants[randomInt(consonants.length)]).join("");

/** A unique picture. */
export async function ownPicture(): Promise<Buffer> {
  return sharp(randomBytes(16 * 16 * 3), { raw: { width: 16, height: 16, channels: 3 } })
    .webp({ lossless: true })
    .toBuffer();
}

/** Two stickers, each with a unique word that the search finds. */
export function twoStickers(first: string, second: string) {
  return [sticker("a", { keywords: [first] }), sticker("b", { keywords: [second] })];
}
