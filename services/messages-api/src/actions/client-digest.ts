// What a clientMessageId was used for: a repeat has the same digest, another message another one.
import { hash } from "node:crypto";
import type { MessageType } from "@khui/contracts";

/** What a message says, before it is stored. Its content is trimmed; a file counts by its name, since its bytes may be re-encoded. */
export interface Draft {
  readonly type: MessageType;
  readonly content: string | null;
  readonly replyTo: string | null;
  readonly fileName?: string | undefined;
  readonly sticker?: { readonly setId: string; readonly stickerId: string } | undefined;
}

export function digestOfDraft({ type, content, replyTo, fileName, sticker }: Draft): string {
  return digestOf([type, content, replyTo, fileName ?? null, sticker?.setId ?? null, sticker?.stickerId ?? null]);
}

/** Not of what the copy says: the original may be edited or deleted before the repeat. */
export const digestOfForward = (messageId: string): string => digestOf(["forward", messageId]);

const digestOf = (parts: ReadonlyArray<string | null>) => hash("sha256", JSON.stringify(parts), "base64url");
