// Uploads a folder or an archive to a running system as a sticker set.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type RouteAnswer, routes } from "@khui/contracts";
import { zipSync } from "fflate";

/** The result, with lines for people to read. */
export interface ImportResult {
  readonly done: boolean;
  readonly lines: readonly string[];
}

type Answer = Partial<RouteAnswer<typeof routes.publishStickerSet>> & {
  readonly code?: string;
  readonly details?: { readonly faults?: ReadonlyArray<{ readonly path: string; readonly message: string }> };
};

/** The archive itself, or one of the regular files in a folder, without hidden ones. */
async function archiveOf(path: string): Promise<Uint8Array> {
  if (!(await stat(path)).isDirectory()) return readFile(path);
  const files: Record<string, Uint8Array> = {};
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isFile() && !entry.name.startsWith(".")) files[entry.name] = await readFile(join(path, entry.name));
  }
  // Pictures are compressed already.
  return zipSync(files, { level: 0 });
}

/** A token of a development system, for an administrator called sticker-import. */
export async function developmentToken(url: string): Promise<string> {
  const response = await fetch(`${url}/dev/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId: "sticker-import", admin: true }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (!token) throw new Error(`${url} gives out no tokens: set KHUI_TOKEN to one with the scope chat:admin`);
  return token;
}

/** Publishes the set in the folder or archive at `path`, or updates the one of its key. */
export async function importSet(url: string, token: string, path: string): Promise<ImportResult> {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(await archiveOf(path))], { type: "application/zip" }), basename(path));
  const response = await fetch(url + routes.publishStickerSet.url, {
    method: routes.publishStickerSet.method,
    headers: { authorization: `Bearer ${token}`, "accept-language": "en" },
    body: form,
  });
  const { message = `${response.status}`, data, code, details } = (await response.json()) as Answer;
  if (!data) {
    const issues = details?.faults ?? [];
    return {
      done: false,
      lines: [`${code}: ${message}`, ...issues.map((issue) => `  ${issue.path || "archive"}: ${issue.message}`)],
    };
  }
  return { done: true, lines: [`${message}: ${data.key}, ${data._id}, ${data.stickerCount} stickers`] };
}
