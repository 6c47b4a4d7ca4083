// An upload from its first byte to its message.
import { type Bus, NoResponders } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, type Draft, type MediaKind, type Message, messagesRpc } from "@khui/contracts";
import { type SentMessage, sendMessage } from "@khui/service";
import type { Inspected, Inspection } from "../inspection/inspection.js";
import type { MediaLimits } from "../limits.js";
import type { Files } from "../store/files.js";
import { type Form, readForm } from "./form.js";
import type { Receiving } from "./receiver.js";
import type { Scratch } from "./scratch.js";

export interface UploadDeps {
  readonly bus: Bus;
  readonly files: Files;
  readonly inspection: Pick<Inspection, "inspect">;
  readonly scratch: Scratch;
  readonly limits: MediaLimits;
}

export interface Sender {
  readonly userId: string;
  readonly roomId: string;
  /** From the header; the form may name one as well. */
  readonly clientMessageId: string | undefined;
}

export type Upload = (upload: Receiving, sender: Sender) => Promise<Message>;

/** Returns a function that takes an upload and resolves with its message; that of the first try, if this is a repeated one. */
export function createUploads({ bus, files, inspection, scratch, limits }: UploadDeps): Upload {
  return async (upload, sender) => {
    // Before the body is read: nobody should send 100 MB to learn that they may not.
    await checkSender(bus, sender, { type: "file" });
    const { folder, remove } = await scratch.open();
    try {
      const form = await readForm(upload.request, folder, limits, upload.signal);
      upload.startWork();
      const kind = form.fields.type;
      upload.kind = kind;
      const named = { ...sender, clientMessageId: form.fields.clientMessageId ?? sender.clientMessageId };
      const repeated = named.clientMessageId && (await checkSender(bus, named, { type: kind, draft: draftOf(form) }));
      if (repeated) return repeated;
      const file = await inspection.inspect(form.file, kind, folder, sender.userId);
      const fileId = await files.store(file);
      const message = await send(bus, files, named, form, file, fileId);
      upload.stored(kind, form.file.size);
      return message;
    } finally {
      await remove();
    }
  };
}

/** Throws what the send would be refused for; resolves with the message that its `clientMessageId` has sent before, if any. */
async function checkSender(
  bus: Bus,
  { userId, roomId, clientMessageId }: Sender,
  message: { type: MediaKind; draft?: Draft },
): Promise<Message | null> {
  const request = { userId, roomId, ...message, ...(clientMessageId ? { clientMessageId } : {}) };
  return (await call(bus, messagesRpc.maySend, request)).sent;
}

const draftOf = ({ fields, file: { name } }: Form): Draft => ({
  content: fields.content ?? null,
  replyTo: fields.replyTo ?? null,
  fileName: name,
});

/** Sends the message of a stored file, and settles the upload as far as the outcome is known: the sweep does the rest. */
async function send(
  bus: Bus,
  files: Files,
  sender: Sender,
  { fields, file: { name } }: Form,
  { facts, thumbnail }: Inspected,
  fileId: string,
): Promise<Message> {
  const { userId, roomId, clientMessageId } = sender;
  let sent: SentMessage;
  try {
    sent = await sendMessage(bus, {
      userId,
      roomId,
      type: fields.type,
      content: fields.content ?? null,
      replyTo: fields.replyTo ?? null,
      media: { ...facts, fileId, originalName: name, hasThumbnail: thumbnail !== undefined },
      ...(clientMessageId ? { clientMessageId } : {}),
    });
  } catch (error) {
    if (isRefusal(error)) await files.discard(fileId);
    throw error;
  }
  if (sent.created) await files.keep(fileId);
  // A concurrent try was first: the message uses that one's file.
  else if (sent.created === false) await files.discard(fileId);
  return sent.message;
}

/** True when the message was surely not created. After a time-out it may have been. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ChatError)) return false;
  return (
    (error.code !== "service_unavailable" && error.code !== "internal_error") || error.cause instanceof NoResponders
  );
}
