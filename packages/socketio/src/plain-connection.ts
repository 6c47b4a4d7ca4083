// One plain WebSocket as a connection: frames out, messages in, control frames for the heartbeat.
import { Connection } from "./connection.js";
import { webSocketPing } from "./frames.js";
import type { Hub } from "./hub.js";
import type { Link, LinkOwner } from "./link.js";

const unsupportedData = 1003;

export class PlainConnection extends Connection implements LinkOwner {
  readonly transport = "websocket";
  protected readonly ping = webSocketPing;
  readonly #link: Link;

  constructor(hub: Hub, link: Link) {
    super(hub);
    this.#link = link;
    this.rearm();
  }

  protected get unsent(): number {
    return this.#link.unsent;
  }

  protected drain(): void {
    const bytes = this.queuedBytes;
    this.#link.write(this.takeFrames(), bytes, this.hub.gatherer);
  }

  end(reason: string, code = 1000): void {
    if (this.state !== "open") return;
    if (this.hasFrames) this.drain();
    this.state = "closed";
    this.hub.wheel.cancel(this);
    this.#link.finish(code, reason);
    this.receiver?.onEnd(reason);
  }

  onLinkMessage(data: Buffer, isBinary: boolean): void {
    if (!this.open) return;
    if (isBinary) this.end("binary frame", unsupportedData);
    else this.receiver?.onText(data.toString());
  }

  onLinkPong(): void {
    this.onPong();
  }

  onLinkClose(): void {
    this.end("transport close");
  }
}
