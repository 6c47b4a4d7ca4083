// The plain protocol: {"event","data","id"?} in, {"event","data"} and {"reply":id,...} out.
import type { ConnectionListener } from "../connection/connection.js";
import { textFrame } from "../connection/websocket-frames.js";
import type { EngineContext } from "../context.js";
import { type EncodedEvent, EventFrames } from "../host/encoded-event.js";
import { HostSocket, singleUseAck } from "../host/host-socket.js";
import type { PlainConnection } from "./plain-connection.js";

/** A peer's malformed frame of this number closes its socket. */
export const maxBadFrames = 10;
/** The close code for a peer that has sent `maxBadFrames`. */
export const badFramesCode = 4400;

/** It is kept until the reply is sent. */
const maxIdLength = 256;

interface PlainEvent {
  event: string;
  data: unknown;
  id: string | number | undefined;
}

export class PlainSocket extends HostSocket implements ConnectionListener {
  readonly kind = "plain";
  protected readonly connection: PlainConnection;
  #badFrames = 0;

  constructor(context: EngineContext, connection: PlainConnection) {
    super(context);
    this.connection = connection;
  }

  emit(event: string, ...args: unknown[]): void {
    const data = typeof args[0] === "function" ? undefined : args[0];
    this.#sendJson({ event, data });
  }

  send(event: EncodedEvent): void {
    if (event instanceof EventFrames) this.connection.push(event.plain);
  }

  protected endConnection(code: number, reason: string): void {
    this.connection.end(reason, code);
  }

  onText(text: string): void {
    const message = readEvent(text);
    if (typeof message === "string") this.#onBadFrame(message);
    else {
      const { event, data, id } = message;
      this.dispatch(event, [data], id === undefined ? undefined : singleUseAck((args) => this.#reply(id, args)));
    }
  }

  /** Never called: PlainConnection closes at a binary message. */
  onBinary(): void {}

  onEnd(reason: string): void {
    this.notifyClosed(reason);
  }

  #reply(id: string | number, args: unknown[]): void {
    const [first] = args;
    const fields = typeof first === "object" && !Array.isArray(first) ? first : { data: first };
    this.#sendJson({ ...fields, reply: id });
  }

  #onBadFrame(message: string): void {
    this.#badFrames += 1;
    this.emit("error", { code: "bad_frame", message });
    if (this.#badFrames >= maxBadFrames) this.connection.end("bad frames", badFramesCode);
  }

  #sendJson(value: object): void {
    this.connection.push(textFrame(JSON.stringify(value)));
  }
}

/** The event in `text`, or a message that says what is wrong with it. */
function readEvent(text: string): PlainEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not an object";
  if (!("event" in value) || typeof value.event !== "string" || value.event === "") return "event must be a string";
  const data = "data" in value ? value.data : undefined;
  const id = "id" in value ? value.id : undefined;
  if (id !== undefined && typeof id !== "string" && typeof id !== "number") return "id must be a string or a number";
  if (typeof id === "string" && id.length > maxIdLength) return `id must have at most ${maxIdLength} characters`;
  return { event: value.event, data, id };
}
