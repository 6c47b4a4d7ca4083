// The bus on a NATS server, for services in separate processes on any number of machines.
import {
  headers as createHeaders,
  ErrorCode,
  type Msg,
  type MsgHdrs,
  NatsError,
  type Subscription as NatsSub,
} from "nats";
import { answer, readAnswer, respondFailure } from "./answers.js";
import {
  createDelivery,
  type Delivery,
  type DeliveryHandler,
  type DeliveryLimits,
  type Dropped,
  finishAll,
  within,
} from "./delivery.js";
import {
  type Bus,
  BusClosed,
  type BusErrorHandler,
  type BusMessage,
  ConnectionLost,
  NoResponders,
  PayloadTooLarge,
  RequestTimeout,
  SlowConsumer,
  type Subscription,
} from "./index.js";
import { type BusLog, type NatsLinkOptions, openLink } from "./nats-link.js";
import { createOutflow } from "./outflow.js";
import { checkPattern, checkQueue, checkSubject, cleanHeaders, headerBytes } from "./subjects.js";
import { withTimeout } from "./timeouts.js";
import { createTurnQueue } from "./turn-queue.js";

/** A requester names the reply subject, and may have no right to publish to it: we reply to inboxes only. */
const inboxes = "_INBOX.";

interface OpenSubscription {
  readonly delivery: Delivery;
  /** There from the end of the turn on. */
  sub?: NatsSub;
}

export interface NatsBusOptions extends NatsLinkOptions, DeliveryLimits {
  /** Bytes in flight to the server, beyond which messages are dropped and reported; 64 MiB by default. */
  readonly maxOutgoingBytes?: number;
  /** How long close() waits for running handlers; 5,000 ms by default. */
  readonly closeTimeoutMs?: number;
  readonly onError: BusErrorHandler;
  readonly log?: BusLog | undefined;
}

/**
 * Connects to NATS, and reconnects for ever; while the connection is lost, what is published is lost.
 * Besides the port's errors, request() rejects with SlowConsumer while `maxOutgoingBytes` is reached.
 * Rejects with the client's error when no server answers, unless `waitOnFirstConnect`.
 */
export async function connectNats(options: NatsBusOptions): Promise<Bus> {
  const { maxOutgoingBytes = 64 * 1024 * 1024, closeTimeoutMs = 5000, onError, log } = options;
  const link = await openLink(options, onError, log);
  const { nc } = link;
  const slowServer = (): SlowConsumer => new SlowConsumer("dropping messages: the server does not take what is sent");
  const outflow = createOutflow(
    () => nc.flush(),
    maxOutgoingBytes,
    () => onError(slowServer(), ""),
  );
  /** The client writes to its socket at the end of each microtask, so it is only called at the end of a turn. */
  const turn = createTurnQueue((error) => onError(error, ""));
  const active = new Set<OpenSubscription>();
  const abandonFlush = new Set<() => void>();
  /** Ends each request that waits for its answer. */
  const loseAnswer = new Set<() => void>();
  link.onLost(() => {
    for (const lose of loseAnswer) lose();
  });
  const dropped: Dropped = { received: 0, sent: 0 };
  let state: "open" | "closing" | "closed" = "open";
  let closing: Promise<void> | undefined;

  function checkSize(data: Uint8Array, headers: Record<string, string>): number {
    const size = data.length + headerBytes(headers);
    if (size > link.maxPayload) throw new PayloadTooLarge(size, link.maxPayload);
    return size;
  }

  function send(subject: string, data: Uint8Array, headers: Record<string, string>): void {
    const size = checkSize(data, headers);
    // The client would buffer it until its next attempt to connect and then discard it: lost either way.
    if (!link.connected || nc.isClosed() || !outflow.tryReserve(size)) dropped.sent++;
    else
      turn.add(() => {
        if (!nc.isClosed()) nc.publish(subject, data, withHeaders(headers));
      });
  }

  function addSubscription(pattern: string, queue: string | undefined, handler: DeliveryHandler): Subscription {
    checkPattern(pattern);
    checkQueue(queue);
    if (state !== "open" || nc.isClosed()) throw new BusClosed();
    const delivery = createDelivery(pattern, handler, onError, dropped, options);
    const open: OpenSubscription = { delivery };
    turn.add(() => {
      if (!active.has(open) || nc.isClosed()) return;
      open.sub = nc.subscribe(pattern, {
        ...(queue === undefined ? {} : { queue }),
        callback: (error, msg) => {
          try {
            if (error) throw error;
            receive(delivery, msg);
          } catch (thrown) {
            // Anything thrown here would end the client's read loop.
            onError(thrown, pattern);
          }
        },
      });
    });
    active.add(open);
    return {
      unsubscribe() {
        delivery.stop();
        turn.add(() => open.sub?.unsubscribe());
        // close() still waits for running handlers.
        void delivery.idle().then(() => active.delete(open));
      },
    };
  }

  function receive(delivery: Delivery, msg: Msg): void {
    const message: BusMessage = { subject: msg.subject, data: msg.data, headers: readHeaders(msg.headers) };
    const { reply } = msg;
    const respond = reply?.startsWith(inboxes)
      ? (data: Uint8Array, headers: Record<string, string>) => send(reply, data, headers)
      : undefined;
    if (delivery.tryAccept(message)) delivery.run(message, respond);
    else respondFailure(respond, "overloaded", "too many unfinished requests");
  }

  async function sendRequest(
    subject: string,
    data: Uint8Array,
    timeoutMs: number,
    headers: Record<string, string>,
  ): Promise<BusMessage> {
    const started = performance.now();
    if (!link.connected && !(await link.whenConnected(timeoutMs))) throw new RequestTimeout(subject, timeoutMs);
    const timeout = Math.max(1, Math.ceil(timeoutMs - (performance.now() - started)));
    const sent = withTimeout(headers, timeout);
    if (!outflow.tryReserve(checkSize(data, sent))) {
      dropped.sent++;
      throw slowServer();
    }
    const answered = new Promise<Msg>((resolve, reject) => {
      turn.add(() => nc.request(subject, data, { timeout, ...withHeaders(sent) }).then(resolve, reject));
    });
    const msg = await unlessLost(subject, answered);
    return { subject: msg.subject, data: msg.data, headers: readHeaders(msg.headers) };
  }

  /** Rejects when the connection is lost: the client itself would wait for its timeout. */
  function unlessLost(subject: string, answered: Promise<Msg>): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const lose = (): void => reject(new ConnectionLost(subject));
      loseAnswer.add(lose);
      answered.then(resolve, reject).finally(() => loseAnswer.delete(lose));
    });
  }

  /** All who ask within a turn share a round trip. */
  let nextRoundTrip: Promise<void> | undefined;
  function shareRoundTrip(): Promise<void> {
    nextRoundTrip ??= new Promise((resolve, reject) => {
      turn.add(() => {
        nextRoundTrip = undefined;
        roundTrip().then(resolve, reject);
      });
    });
    return nextRoundTrip;
  }

  /** The client's flush, but it ends when the connection is closed: the client leaves a pending one unresolved. */
  async function roundTrip(): Promise<void> {
    let abandon = (): void => {};
    const abandoned = new Promise<void>((resolve) => {
      abandon = resolve;
    });
    abandonFlush.add(abandon);
    try {
      await Promise.race([nc.flush(), abandoned]);
    } finally {
      abandonFlush.delete(abandon);
    }
  }

  async function shutDown(): Promise<void> {
    state = "closing";
    const deadline = performance.now() + closeTimeoutMs;
    const left = (): number => Math.max(0, deadline - performance.now());
    turn.flush();
    // Draining tells the server to send nothing new, and lets what it has already sent arrive.
    if (link.connected) await within(Promise.allSettled([...active].map(({ sub }) => sub?.drain())), left());
    await finishAll(
      [...active].map(({ delivery }) => delivery),
      left(),
    );
    state = "closed";
    turn.flush();
    if (link.connected) await within(nc.flush(), left());
    await within(nc.close(), closeTimeoutMs);
    for (const abandon of abandonFlush) abandon();
  }

  return {
    publish(subject, data, headers) {
      checkSubject(subject);
      if (state !== "closed") send(subject, data, cleanHeaders(headers));
    },
    subscribe: (subject, handler, { queue } = {}) => addSubscription(subject, queue, (message) => handler(message)),
    async request(subject, data, { timeoutMs, headers }) {
      checkSubject(subject);
      if (state === "closed" || nc.isClosed()) throw new BusClosed();
      try {
        return readAnswer(await sendRequest(subject, data, timeoutMs, cleanHeaders(headers)));
      } catch (error) {
        // Closing ends pending requests with the client's timeout error.
        if (nc.isClosed()) throw new BusClosed();
        if (error instanceof NatsError && error.code === ErrorCode.NoResponders) throw new NoResponders(subject);
        if (error instanceof NatsError && error.code === ErrorCode.Timeout)
          throw new RequestTimeout(subject, timeoutMs);
        throw error;
      }
    },
    serve(subject, handler, { queue } = {}) {
      return addSubscription(subject, queue, (message, respond) => answer(handler, message, respond));
    },
    async flush() {
      while (await link.whenConnected()) {
        try {
          await shareRoundTrip();
          if (!nc.isClosed()) return;
        } catch {
          // Lost meanwhile; the status event arrives in a later turn.
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      throw new BusClosed();
    },
    onReconnect: (handler) => link.onReconnect(handler),
    get connected() {
      return link.connected;
    },
    dropped,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

function withHeaders(headers: Record<string, string>): { headers?: MsgHdrs } {
  const entries = Object.entries(headers);
  if (entries.length === 0) return {};
  const encoded = createHeaders();
  for (const [name, value] of entries) encoded.set(name, value);
  return { headers: encoded };
}

function readHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  if (headers === undefined) return {};
  return Object.fromEntries(headers.keys().map((name) => [name, headers.get(name)]));
}
