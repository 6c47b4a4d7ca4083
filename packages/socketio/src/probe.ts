// A WebSocket that a polling session may move to: probe, answer, upgrade.
import { probeAnswer } from "./frames.js";
import type { Hub } from "./hub.js";
import type { Link, LinkOwner } from "./link.js";
import type { Session } from "./session.js";
import { type Timed, unscheduled } from "./wheel.js";

/**
 * A client that has its probe answered finishes its poll before it upgrades, so the poll must be let go. One that came
 * before the client saw the answer is followed by another, hence again and again (engine.io does it at this pace too).
 */
const releaseInterval = 100;

export class Probe implements LinkOwner, Timed {
  slot = unscheduled;
  dueAt = 0;
  readonly #hub: Hub;
  readonly #session: Session;
  readonly #link: Link;
  readonly #endAt: number;
  /** The client knows that it may move, and may be doing so. */
  answered = false;

  constructor(hub: Hub, session: Session, link: Link) {
    this.#hub = hub;
    this.#session = session;
    this.#link = link;
    this.#endAt = hub.wheel.now() + hub.settings.upgradeTimeout;
    session.probe = this;
    hub.wheel.schedule(this, hub.settings.upgradeTimeout);
  }

  onLinkMessage(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? "" : data.toString();
    if (text === "2probe" && !this.answered) {
      this.answered = true;
      this.#link.write(probeAnswer, probeAnswer.length, this.#hub.gatherer);
      this.#session.releasePoll();
      this.#hub.wheel.schedule(this, releaseInterval);
    } else if (text === "5" && this.answered) {
      this.#hub.wheel.cancel(this);
      this.#session.upgradeTo(this.#link);
    } else this.abandon();
  }

  onLinkPong(): void {}

  onLinkClose(): void {
    this.abandon();
  }

  onDue(now: number): void {
    if (now >= this.#endAt) {
      this.abandon();
      return;
    }
    this.#session.releasePoll();
    this.#hub.wheel.schedule(this, Math.min(releaseInterval, this.#endAt - now));
  }

  /** Gives the upgrade up; the session stays on polling. */
  abandon(): void {
    this.#hub.wheel.cancel(this);
    if (this.#session.probe === this) this.#session.probe = undefined;
    this.#link.finish(1000, "");
  }
}
