// Uploads as clients send them, and what is in the files.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Message } from "@khui/contracts";
import type { Answer, User } from "@khui/test-kit/system";
import sharp from "sharp";

export interface Upload {
  readonly content: Uint8Array | string;
  readonly name?: string;
  /** The form's fields, in their order behind the file. */
  readonly fields: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Uploaded {
  readonly status: number;
  readonly body: Answer & { readonly data: Message };
}

/** A note as a file, of a content that no other upload has. */
export const note = (fields: Record<string, string> = {}): Upload => ({
  content: `a note, number ${Math.random()}`,
  name: "note.txt",
  fields: { type: "file", ...fields },
});

/** A picture, which comes to two objects: itself and its thumbnail. */
export async function picture(fields: Record<string, string> = {}): Promise<Upload> {
  const create = { width: 40, height: 30, channels: 3, background: "red" } as const;
  return { content: await sharp({ create }).png().toBuffer(), name: "red.png", fields: { type: "image", ...fields } };
}

/** A recording of media-service's fixtures. */
export const fixture = (name: string): Promise<Buffer> =>
  readFile(fileURLToPath(new URL(`../../../../packages/tools/test-kit/src/files/fixtures/${name}`, import.meta.url)));

export async function send(url: string, user: User, roomId: string, upload: Upload): Promise<Uploaded> {
  const form = new FormData();
  form.append("file", new Blob([Buffer.from(upload.content)]), upload.name ?? "file.bin");
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  const response = await fetch(`${url}/api/v1/chat/rooms/${roomId}/messages/media`, {
    method: "POST",
    headers: { authorization: `Bearer ${user.token}`, ...upload.headers },
    body: form,
  });
  return { status: response.status, body: (await response.json()) as Uploaded["body"] };
}

/** The id of the file that a message shows. */
export function fileIdOf(message: Pick<Message, "mediaInfo"> | undefined): string {
  const fileId = /\/media\/([0-9a-f]{24})\//.exec(message?.mediaInfo?.url ?? "")?.[1];
  if (!fileId) throw new Error("the message shows no file");
  return fileId;
}

/** The names of a picture's two objects. */
export const both = (fileId: string) => [`${fileId}/file`, `${fileId}/thumbnail`];
