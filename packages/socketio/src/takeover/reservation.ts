// The owner's side of a takeover: the session waits for its client to arrive at another engine, and is handed over.
import { type TimerEntry, unscheduled } from "../connection/timer-wheel.js";
import type { EngineContext } from "../context.js";
import type { EngineSession, PendingUpgrade } from "../engineio/session.js";
import { releaseIntervalMs } from "../engineio/upgrade-probe.js";
import { SocketIoSocket } from "../socketio/socketio-socket.js";
import type { HandoverHost } from "./handover-host.js";
import type { MovedSession, TakeoverAnswer, TakeoverRequest } from "./takeover-request.js";

/** A session with more than this to be sent stays: it must fit a message of the bus, together with what the client has sent. */
const maxMovedBytes = 256 * 1024;
/** What is being handled may take this long; then the session stays. */
const offerTimeoutMs = 2_000;

/** A client requests an upgrade once. Each attempt makes hosts prepare for all that the socket has, so there are not many. */
const maxReservations = 3;

const refused = (reason: string): TakeoverAnswer => ({ refused: reason });

/** Answers another engine that has received an upgrade of a session here. Never rejects. */
export async function answerTakeover(context: EngineContext, request: TakeoverRequest): Promise<TakeoverAnswer> {
  const host = context.settings.takeover?.host;
  const session = context.sessions.get(request.sid);
  if (!session || !host) return refused("unknown session");
  if (request.step === "reserve") return reserve(context, host, session, request.token);
  const { upgrade } = session;
  if (!(upgrade instanceof Reservation) || upgrade.token !== request.token) return refused("not reserved");
  if (request.step === "take") return upgrade.handOver();
  upgrade.cancel();
  return {};
}

async function reserve(
  context: EngineContext,
  host: HandoverHost,
  session: EngineSession,
  token: string,
): Promise<TakeoverAnswer> {
  const socket = session.listener;
  if (!session.open || session.transport === "websocket" || session.upgrade) return refused("not on polling");
  if (!(socket instanceof SocketIoSocket) || !socket.movable) return refused("something is incomplete");
  if (session.reservations === maxReservations) return refused("too many attempts");
  session.reservations += 1;
  return new Reservation(context, host, session, socket, token).offer();
}

/**
 * From its creation on the session's messages wait, so that what is being handled comes to an end. Once that is so, the other
 * engine answers the client's probe, and polls are released as in an upgrade here.
 */
class Reservation implements PendingUpgrade, TimerEntry {
  slot = unscheduled;
  dueAt = 0;
  answered = false;
  #endAt: number;
  #offered = false;
  #onCancelled: (() => void) | undefined;

  constructor(
    private readonly context: EngineContext,
    private readonly host: HandoverHost,
    private readonly session: EngineSession,
    private readonly socket: SocketIoSocket,
    readonly token: string,
  ) {
    this.#endAt = context.timers.now() + offerTimeoutMs;
    session.upgrade = this;
    session.hold();
    context.timers.schedule(this, offerTimeoutMs);
  }

  /** Resolves when nothing of the session is being handled. */
  async offer(): Promise<TakeoverAnswer> {
    const cancelled = new Promise<TakeoverAnswer>((resolve) => {
      this.#onCancelled = () => resolve(refused("cancelled"));
    });
    return Promise.race([this.#offer(), cancelled]);
  }

  async #offer(): Promise<TakeoverAnswer> {
    const { context, host, session, socket } = this;
    await socket.decided;
    if (session.upgrade !== this) return refused("cancelled");
    const { connected } = socket;
    let offer: unknown;
    try {
      this.#offered = connected;
      if (connected) offer = await host.offer(socket);
    } catch (error) {
      this.cancel();
      return refused(String(error));
    }
    if (session.upgrade !== this) return refused("cancelled");
    if (!session.open || session.bufferedBytes > maxMovedBytes) {
      this.cancel();
      return refused("too much is queued");
    }
    this.answered = true;
    this.#endAt = context.timers.now() + context.settings.upgradeTimeout;
    session.releasePoll();
    context.timers.schedule(this, releaseIntervalMs);
    return { reserved: connected ? { connected, offer } : { connected } };
  }

  /** The client has left polling, and is at the other engine: in one step the session is over here. */
  handOver(): TakeoverAnswer {
    const { context, host, session, socket } = this;
    if (!this.answered) return refused("not reserved");
    if (session.bufferedBytes > maxMovedBytes || session.posting || !socket.movable) {
      // The client polls no more: it connects again once it has lost its WebSocket.
      session.end("transport error");
      session.discard();
      return refused("it cannot be moved any more");
    }
    const moves = session.open && socket.connected;
    const state = moves ? host.give(socket) : undefined;
    if (moves) this.#offered = false;
    const taken: MovedSession = { ...socket.describe(), ...session.moveAway(), ...(moves ? { state } : {}) };
    context.movedSessions.set(session.sid, true);
    return { taken };
  }

  onDue(now: number): void {
    if (now >= this.#endAt) {
      this.cancel();
      return;
    }
    this.session.releasePoll();
    this.context.timers.schedule(this, Math.min(releaseIntervalMs, this.#endAt - now));
  }

  cancel(): void {
    this.context.timers.cancel(this);
    if (this.session.upgrade !== this) return;
    this.session.upgrade = undefined;
    this.#onCancelled?.();
    if (this.#offered) this.host.keep(this.socket);
    this.session.resume();
  }
}
