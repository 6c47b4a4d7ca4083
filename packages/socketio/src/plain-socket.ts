// The plain protocol: {"event","data","id"?} in, {"event","data"} and {"reply":id,...} out.
import type { Receiver } from "./connection.js";
import { Endpoint, once } from "./endpoint.js";
import { EventFrame, type Frame } from "./event-frame.js";
import { textFrame } from "./frames.js";
import type { Hub } from "./hub.js";
import type { PlainConnection } from "./plain-connection.js";

/** A peer whose frames are wrong so often is closed, with this code. */
export const maxBadFrames = 10;
export const badFramesCode = 4400;

interface PlainEvent {
  event: string;
  data: unknown;
  id: string | number | undefined;
}

export class PlainSocket extends Endpoint implements Receiver {
  readonly kind = "plain";
  protected readonly connection: PlainConnection;
  #badFrames = 0;

  constructor(hub: Hub, connection: PlainConnection) {
    super(hub);
    this.connection = connection;
  }

  emit(event: string, ...args: unknown[]): void {
    const data = typeof args[0] === "function" ? undefined : args[0];
    this.#sendJson({ event, data });
  }

  send(frame: Frame): void {
    if (frame instanceof EventFrame) this.connection.push(frame.plain);
  }

  protected finish(code: number, reason: string): void {
    this.connection.end(reason, code);
  }

  onText(text: string): void {
    const message = readEvent(text);
    if (typeof message === "string") this.#onBadFrame(message);
    else {
      const { event, data, id } = message;
      this.dispatch(event, [data], id === undefined ? undefined : once((args) => this.#reply(id, args)));
    }
  }

  /** The connection ends itself at a binary frame. */
  onBinary(): void {}

  onEnd(reason: string): void {
    this.depart(reason);
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

/** The event that `text` holds, or what is wrong with it. */
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
  return { event: value.event, data, id };
}
