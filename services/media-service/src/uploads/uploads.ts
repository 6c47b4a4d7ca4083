// An upload from its first byte to its message.
import { type Bus, NoResponders } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, type MediaKind, type Message, messagesRpc } from "@khui/contracts";
import { type SentMessage, sendMessage } from "@khui/service";
import type { Metrics } from "@khui/service/telemetry";
import type { FastifyRequest } from "fastify";
import type { Inspected, Inspection } from "../inspection/inspection.js";
import type { MediaLimits } from "../limits.js";
import { createMeters, type Meters } from "../metrics.js";
import type { Files } from "../store/files.js";
import { type Form, readForm } from "./form.js";
import type { Scratch } from "./scratch.js";
import { createUploadPlaces, type Place } from "./slots.js";

export interface Uploading {
  readonly bus: Bus;
  readonly files: Files;
  readonly inspection: Inspection;
  readonly scratch: Scratch;
  readonly limits: MediaLimits;
  readonly metrics: Metrics;
}

export interface Sender {
  readonly userId: string;
  readonly roomId: string;
  /** From the header; the form may name one as well. */
  readonly clientMessageId: string | undefined;
}

/** Of a refused upload: a connection on which nothing came for this long is ended by Node. Shorter than what the edge waits. */
const silenceMs = 60_000;

/** Returns a function that takes an upload and resolves with its message: that of the first try, if this is a repeated one. */
export function createUploads(uploading: Uploading): (request: FastifyRequest, sender: Sender) => Promise<Message> {
  const places = createUploadPlaces(uploading.limits);
  const meters = createMeters(uploading.metrics, places.size);
  return async (request, sender) => {
    const { socket } = request.raw;
    const ended = new AbortController();
    const place = places.take(sender.userId, {
      received: () => socket.bytesRead,
      abort: (failure) => ended.abort(failure),
    });
    const known: Known = {};
    try {
      return await take(uploading, meters, known, request, sender, place, ended.signal);
    } catch (error) {
      meters.failed(known.kind, error);
      // What is left of its body is still to come.
      if (!request.raw.complete) socket.setTimeout(silenceMs);
      throw error;
    } finally {
      place.release();
    }
  };
}

/** What an upload has told of itself so far. */
interface Known {
  kind?: MediaKind;
}

async function take(
  { bus, files, inspection, scratch, limits }: Uploading,
  meters: Meters,
  known: Known,
  request: FastifyRequest,
  sender: Sender,
  place: Place,
  ended: AbortSignal,
): Promise<Message> {
  // Before the body is read: nobody should send 100 MB to learn that they may not.
  const before = await sentBefore(bus, sender, sender.clientMessageId);
  if (before) return before;
  const { folder, remove } = await scratch.open();
  try {
    const form = await readForm(request, folder, limits, ended);
    place.startWork();
    const kind = form.fields.type;
    known.kind = kind;
    const clientMessageId = form.fields.clientMessageId ?? sender.clientMessageId;
    const repeated = form.fields.clientMessageId && (await sentBefore(bus, sender, clientMessageId));
    if (repeated) return repeated;
    const file = await inspection.inspect(form.file, kind, folder, sender.userId);
    const fileId = await files.store(file);
    const message = await send(bus, files, { ...sender, clientMessageId }, form, file, fileId);
    meters.stored(kind, form.file.size);
    return message;
  } finally {
    await remove();
  }
}

/** Throws what the send would be refused for. */
async function sentBefore(bus: Bus, { userId, roomId }: Sender, clientMessageId: string | undefined) {
  const asked = { userId, roomId, type: "file" as const, ...(clientMessageId ? { clientMessageId } : {}) };
  return (await call(bus, messagesRpc.maySend, asked)).sent;
}

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
  // Where it is not known whose file the message has, the sweep asks.
  if (sent.created) await files.keep(fileId);
  else if (sent.created === false) await files.discard(fileId);
  return sent.message;
}

/** True when the message is surely not there. After a time-out it may be: the sweep will ask. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ChatError)) return false;
  return (
    (error.code !== "service_unavailable" && error.code !== "internal_error") || error.cause instanceof NoResponders
  );
}
