// One plain WebSocket as a connection: the heartbeat is WebSocket ping and pong.
import { Connection, type ConnectionContext } from "../connection/connection.js";
import { pingFrame } from "../connection/websocket-frames.js";
import type { TransportListener, WebSocketTransport } from "../connection/websocket-transport.js";

const unsupportedData = 1003;

export class PlainConnection extends Connection implements TransportListener {
  readonly transport = "websocket";
  protected readonly ping = pingFrame;
  readonly #webSocket: WebSocketTransport;

  constructor(context: ConnectionContext, webSocket: WebSocketTransport) {
    super(context);
    this.#webSocket = webSocket;
    this.reschedule();
  }

  protected get unsentBytes(): number {
    return this.#webSocket.unsentBytes;
  }

  protected limitMessages(): void {
    this.#webSocket.maxPayload = this.maxPayload;
  }

  protected writeQueued(): void {
    const bytes = this.queuedBytes;
    this.#webSocket.write(this.takeFrames(), bytes, this.context.coalescer);
  }

  end(reason: string, code = 1000): void {
    if (this.state !== "open") return;
    if (this.hasFrames) this.writeQueued();
    this.state = "closed";
    this.context.timers.cancel(this);
    this.#webSocket.closeWith(code, reason);
    this.listener?.onEnd(reason);
  }

  onTransportMessage(data: Buffer, isBinary: boolean): void {
    if (!this.open) return;
    if (isBinary) this.end("binary frame", unsupportedData);
    else this.listener?.onText(data.toString());
  }

  onTransportPong(): void {
    this.onPong();
  }

  onTransportClose(): void {
    this.end("transport close");
  }
}
