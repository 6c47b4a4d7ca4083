// The bus inside one process: no server, but the behaviour of a network (copies, asynchronous delivery, bounds, timeouts).
import { answer, type Respond, readAnswer } from "./answers.js";
import { type DeliveryHandler, type DeliveryLimits, type Dropped, finishAll } from "./delivery.js";
import {
  type Bus,
  BusClosed,
  type BusErrorHandler,
  type BusMessage,
  NoResponders,
  PayloadTooLarge,
  RequestTimeout,
  type Subscription,
} from "./index.js";
import { createInbox, type Inbox } from "./local-inbox.js";
import { createRouter, type Router } from "./router.js";
import { checkPattern, checkQueue, checkSubject, cleanHeaders, headerBytes } from "./subjects.js";
import { withTimeout } from "./timeouts.js";

export interface LocalBusOptions extends DeliveryLimits {
  /** Bytes of data and headers in one message; 1 MiB by default, as a NATS server has it. */
  readonly maxPayload?: number;
  /** How long close() waits for running handlers; 5,000 ms by default. */
  readonly closeTimeoutMs?: number;
  readonly onError?: BusErrorHandler;
}

export interface LocalBus {
  /** A new client, closed separately. Its options override those of the whole bus. */
  connect(options?: LocalBusOptions): Bus;
}

/** A bus for one process; it holds no resources and needs no closing. */
export function createLocalBus(options: LocalBusOptions = {}): LocalBus {
  const router = createRouter<Inbox>();
  return { connect: (own = {}) => connectLocal(router, { ...options, ...own }) };
}

function connectLocal(
  router: Router<Inbox>,
  { maxPayload = 1024 * 1024, closeTimeoutMs = 5000, onError = () => {}, ...limits }: LocalBusOptions,
): Bus {
  const inboxes = new Set<Inbox>();
  const abandonRequest = new Set<(error: Error) => void>();
  const dropped: Dropped = { received: 0, sent: 0 };
  let state: "open" | "closing" | "closed" = "open";
  let closing: Promise<void> | undefined;

  function copy(subject: string, data: Uint8Array, headers: Record<string, string> | undefined): () => BusMessage {
    const clean = cleanHeaders(headers);
    const size = data.length + headerBytes(clean);
    if (size > maxPayload) throw new PayloadTooLarge(size, maxPayload);
    const bytes = new Uint8Array(data);
    return () => ({ subject, data: new Uint8Array(bytes), headers: { ...clean } });
  }

  /** Returns the number of receivers. */
  function send(subject: string, data: Uint8Array, headers?: Record<string, string>, respond?: Respond): number {
    checkSubject(subject);
    const message = copy(subject, data, headers);
    const receivers = router.pick(subject);
    for (const inbox of receivers) inbox.accept(message(), respond);
    return receivers.length;
  }

  function addSubscription(pattern: string, queue: string | undefined, handler: DeliveryHandler): Subscription {
    checkPattern(pattern);
    checkQueue(queue);
    if (state !== "open") throw new BusClosed();
    const inbox = createInbox({ pattern, queue }, handler, onError, dropped, limits);
    inboxes.add(inbox);
    router.add(inbox);
    return {
      unsubscribe() {
        router.remove(inbox);
        inbox.delivery.stop();
        // close() still waits for running handlers.
        void inbox.delivery.idle().then(() => inboxes.delete(inbox));
      },
    };
  }

  function sendRequest(
    subject: string,
    data: Uint8Array,
    timeoutMs: number,
    headers: Record<string, string> | undefined,
  ): Promise<BusMessage> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void): void => {
        clearTimeout(timer);
        abandonRequest.delete(abandon);
        outcome();
      };
      const abandon = (error: Error): void => finish(() => reject(error));
      const timer = setTimeout(() => abandon(new RequestTimeout(subject, timeoutMs)), timeoutMs);
      abandonRequest.add(abandon);
      try {
        const receivers = send(subject, data, withTimeout(headers ?? {}, timeoutMs), (answered, answerHeaders) => {
          const message = copy("_INBOX", answered, answerHeaders);
          setImmediate(() => finish(() => resolve(message())));
        });
        if (receivers === 0) abandon(new NoResponders(subject));
      } catch (error) {
        finish(() => reject(error));
      }
    });
  }

  return {
    publish(subject, data, headers) {
      if (state !== "closed") send(subject, data, headers);
    },
    subscribe: (subject, handler, { queue } = {}) => addSubscription(subject, queue, (message) => handler(message)),
    async request(subject, data, { timeoutMs, headers }) {
      if (state === "closed") throw new BusClosed();
      return readAnswer(await sendRequest(subject, data, timeoutMs, headers));
    },
    serve(subject, handler, { queue } = {}) {
      return addSubscription(subject, queue, (message, respond) =>
        answer(handler, message, (data, headers) => {
          if (state !== "closed") respond?.(data, headers);
        }),
      );
    },
    async flush() {
      if (state === "closed") throw new BusClosed();
      await new Promise((resolve) => setImmediate(resolve));
    },
    onReconnect: () => () => {},
    get connected() {
      return state !== "closed";
    },
    dropped,
    close() {
      closing ??= (async () => {
        state = "closing";
        for (const inbox of inboxes) router.remove(inbox);
        await finishAll(
          [...inboxes].map((inbox) => inbox.delivery),
          closeTimeoutMs,
        );
        state = "closed";
        for (const abandon of abandonRequest) abandon(new BusClosed());
      })();
      return closing;
    },
  };
}
