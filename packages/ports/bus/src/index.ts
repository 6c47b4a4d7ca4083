// The bus port: the guarantees of publish, subscribe, request and serve, on every adapter.

export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Subscription {
  /** Ends the subscription: the handler is not called again once this has returned. Calling it twice is harmless. */
  unsubscribe(): void;
}

/**
 * A connection to the bus.
 *
 * Subjects are tokens of visible ASCII joined by dots, at most 1,024 characters; in subscriptions `*` stands for one
 * token and a last `>` for one or more. A malformed subject, queue or header throws a TypeError: it is a bug in the
 * program. Header values are trimmed; names are case-sensitive.
 *
 * Handlers are called in the order of arrival and do not wait for the promises of earlier calls. A subscription bounds
 * its unfinished messages (by number and bytes); beyond that new messages are dropped and SlowConsumer is reported to
 * onError, once until it has caught up. A dropped request is answered with an error at once.
 */
export interface Bus {
  /**
   * Sends to all current subscribers, at most once. From one publisher, messages on one subject arrive in order or
   * not at all. Never throws for a lost or closed connection: the message is lost. Throws PayloadTooLarge beyond the
   * server's limit on data and headers together (1 MiB unless configured).
   */
  publish(subject: string, data: Uint8Array, headers?: Record<string, string>): void;
  /**
   * Calls the handler with each message. Of all subscriptions with the same `queue`, one gets it. What the handler
   * throws, now or later, goes to onError. Throws BusClosed after close().
   */
  subscribe(
    subject: string,
    handler: (message: BusMessage) => void | Promise<void>,
    options?: { queue?: string },
  ): Subscription;
  /**
   * Sends a request and resolves with the first answer. Rejects with NoResponders at once when nobody is subscribed,
   * RequestTimeout after `timeoutMs` (which includes waiting for a connection that is already lost), ConnectionLost as
   * soon as the connection is lost meanwhile, RemoteError when the handler failed, PayloadTooLarge, BusClosed. The header
   * `khui-timeout-ms` tells the server how long the requester waits from the sending on.
   */
  request(
    subject: string,
    data: Uint8Array,
    options: { timeoutMs: number; headers?: Record<string, string> },
  ): Promise<BusMessage>;
  /**
   * Answers requests with what the handler resolves to. A handler that throws is reported to onError, and the
   * requester gets RemoteError. Throws BusClosed after close().
   */
  serve(
    subject: string,
    handler: (message: BusMessage) => Promise<Uint8Array>,
    options?: { queue?: string },
  ): Subscription;
  /**
   * Resolves when the server has processed everything sent before; then earlier subscriptions are active. While the
   * connection is lost it waits for the reconnect. Rejects with BusClosed.
   */
  flush(): Promise<void>;
  /**
   * Calls the handler each time a lost connection is back and its subscriptions are restored; what was published
   * meanwhile was missed. Returns a function that removes the handler.
   */
  onReconnect(handler: () => void): () => void;
  readonly connected: boolean;
  /**
   * Messages dropped so far: `received` by a subscription that could not keep up; to be `sent` while the connection was
   * lost, or while the server could not keep up.
   */
  readonly dropped: { readonly received: number; readonly sent: number };
  /**
   * Takes no new messages, finishes those already received (within the adapter's `closeTimeoutMs`; their handlers may
   * still publish and send requests), then closes. Requests in flight reject with BusClosed. Never rejects.
   */
  close(): Promise<void>;
}

/** Called with errors that no caller awaits: failed handlers, dropped messages, errors of the server. Must not throw. */
export type BusErrorHandler = (error: unknown, subject: string) => void;

export class PayloadTooLarge extends Error {
  override readonly name = "PayloadTooLarge";
  constructor(
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`the message has ${bytes} bytes, the bus takes at most ${limit}`);
  }
}

export class NoResponders extends Error {
  override readonly name = "NoResponders";
  constructor(readonly subject: string) {
    super(`nobody serves ${subject}`);
  }
}

export class RequestTimeout extends Error {
  override readonly name = "RequestTimeout";
  constructor(
    readonly subject: string,
    readonly timeoutMs: number,
  ) {
    super(`no answer on ${subject} within ${timeoutMs} ms`);
  }
}

/** The connection was lost before the answer arrived: the request may have been processed. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  constructor(readonly subject: string) {
    super(`the connection was lost before the answer on ${subject}`);
  }
}

export class BusClosed extends Error {
  override readonly name = "BusClosed";
  constructor() {
    super("the bus is closed");
  }
}

/** The server could not answer: its handler `failed`, or it was `overloaded` and the handler was not called. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  constructor(
    readonly reason: "failed" | "overloaded",
    message: string,
  ) {
    super(message);
  }
}

/** Messages were dropped: a subscription, or the connection to the server, could not keep up. */
export class SlowConsumer extends Error {
  override readonly name = "SlowConsumer";
}
