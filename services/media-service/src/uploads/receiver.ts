// What all uploads have in common: a slot, metrics, and a connection that is closed when an upload ends before its body.
import { ChatError } from "@khui/contracts";
import { closeWhenIdle } from "@khui/service/http";
import type { Metrics } from "@khui/service/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { MediaLimits } from "../limits.js";
import { createUploadMetrics, type UploadedKind, type UploadMetrics } from "../metrics.js";
import { createUploadSlots, type Slot } from "./slots.js";

/** An upload that has a slot. */
export interface Receiving extends Pick<Slot, "startWork">, Pick<UploadMetrics, "stored"> {
  readonly request: FastifyRequest;
  /** Aborted with the failure when its bytes come too slowly, or have no slot any more. */
  readonly signal: AbortSignal;
  /** What it is, once that is known. */
  kind: UploadedKind | undefined;
}

/** Runs `receive` in a slot of the user's. Throws what it throws, rate_limited, and service_unavailable when all slots are occupied. */
export type Receiver = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  userId: string,
  receive: (upload: Receiving) => Promise<T>,
) => Promise<T>;

export function createReceiver(limits: MediaLimits, metrics: Metrics): Receiver {
  const slots = createUploadSlots(limits);
  const { stored, failed } = createUploadMetrics(metrics, slots.size);
  return async (request, reply, userId, receive) => {
    const { socket } = request.raw;
    const aborting = new AbortController();
    const slot = slots.acquire(userId, {
      received: () => socket.bytesRead,
      abort: (failure) => aborting.abort(failure),
    });
    const upload: Receiving = { request, signal: aborting.signal, kind: undefined, stored, startWork: slot.startWork };
    try {
      return await receive(upload);
    } catch (error) {
      failed(upload.kind, error);
      // The rest of its body is still to come; of one that was too slow it would come as slowly.
      if (!request.raw.complete) closeWhenIdle(request.raw);
      if (error instanceof ChatError && error.code === "upload_too_slow") reply.header("connection", "close");
      throw error;
    } finally {
      slot.release();
    }
  };
}
