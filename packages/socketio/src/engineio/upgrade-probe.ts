// A WebSocket that a polling session may move to: the client's probe, our pong, the client's upgrade packet.
import type { ConnectionContext } from "../connection/connection.js";
import { type TimerEntry, unscheduled } from "../connection/timer-wheel.js";
import type { TransportListener, WebSocketTransport } from "../connection/websocket-transport.js";
import { probePong } from "./packets.js";
import type { EngineSession, PendingUpgrade } from "./session.js";

/**
 * A client whose probe was answered finishes its poll before it upgrades, so the poll must be released. One that arrived
 * before the client saw the pong is followed by another, hence at this interval (engine.io's, too).
 */
export const releaseIntervalMs = 100;

export class UpgradeProbe implements PendingUpgrade, TransportListener, TimerEntry {
  slot = unscheduled;
  dueAt = 0;
  answered = false;
  readonly #context: ConnectionContext;
  readonly #session: EngineSession;
  readonly #webSocket: WebSocketTransport;
  readonly #endAt: number;

  constructor(context: ConnectionContext, session: EngineSession, webSocket: WebSocketTransport) {
    const { timers, settings } = context;
    this.#context = context;
    this.#session = session;
    this.#webSocket = webSocket;
    this.#endAt = timers.now() + settings.upgradeTimeout;
    session.upgrade = this;
    timers.schedule(this, settings.upgradeTimeout);
  }

  onTransportMessage(data: Buffer, isBinary: boolean): void {
    const { timers, coalescer } = this.#context;
    const text = isBinary ? "" : data.toString();
    if (text === "2probe" && !this.answered) {
      this.answered = true;
      this.#webSocket.write(probePong, probePong.length, coalescer);
      this.#session.releasePoll();
      timers.schedule(this, releaseIntervalMs);
    } else if (text === "5" && this.answered) {
      timers.cancel(this);
      this.#session.upgradeTo(this.#webSocket);
    } else this.cancel();
  }

  onTransportPong(): void {}

  onTransportClose(): void {
    this.cancel();
  }

  onDue(now: number): void {
    if (now >= this.#endAt) {
      this.cancel();
      return;
    }
    this.#session.releasePoll();
    this.#context.timers.schedule(this, Math.min(releaseIntervalMs, this.#endAt - now));
  }

  cancel(): void {
    this.#context.timers.cancel(this);
    if (this.#session.upgrade === this) this.#session.upgrade = undefined;
    this.#webSocket.closeWith(1000, "");
  }
}
