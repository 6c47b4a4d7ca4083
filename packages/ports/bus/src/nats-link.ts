// One connection to NATS that reconnects for ever: opens it, tracks its state, reports reconnects.
import { type ConnectionOptions, connect, Events, type NatsConnection } from "nats";
import type { BusErrorHandler } from "./index.js";

export interface BusLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface NatsLinkOptions {
  /**
   * `nats://host:port`, or `tls://…`; several are tried in turn. A user and password in the first one are used, percent-decoded.
   */
  readonly servers: string | string[];
  /**
   * Shown in the server's list of connections. With a name of letters, digits, `-` and `_`, answers are received under
   * `_INBOX.<name>.>` only, so that no other client needs the right to. Not the user's name: while a password is replaced, two
   * users of one service need the same inboxes.
   */
  readonly name: string;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  /** True: connectNats waits for a server as long as it takes. False (the default): it rejects when none answers. */
  readonly waitOnFirstConnect?: boolean;
  /** Between attempts to reconnect; 100 ms by default, plus up to as much again of jitter. */
  readonly reconnectWaitMs?: number;
  /** A server that is silent for three intervals counts as lost; 5,000 ms by default. */
  readonly pingIntervalMs?: number;
}

export interface NatsLink {
  readonly nc: NatsConnection;
  readonly connected: boolean;
  /** Bytes, as last announced by the server. */
  readonly maxPayload: number;
  /** Resolves true when connected; false after `timeoutMs`, if given, or when the connection is closed for good. */
  whenConnected(timeoutMs?: number): Promise<boolean>;
  onReconnect(handler: () => void): () => void;
  /** Calls the one handler each time the connection is lost. It must not throw. */
  onLost(handler: () => void): void;
}

/** Rejects with the client's error when no server answers, unless `waitOnFirstConnect`. */
export async function openLink(options: NatsLinkOptions, onError: BusErrorHandler, log?: BusLog): Promise<NatsLink> {
  const nc = await connect(toConnectionOptions(options));
  const fields = { bus: options.name };
  const reconnectHandlers = new Set<() => void>();
  let waiting: Array<(connected: boolean) => void> = [];
  let lostHandler = (): void => {};
  let connected = true;
  let maxPayload = nc.info?.max_payload ?? 1024 * 1024;

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve(connected);
  }

  async function handleReconnect(): Promise<void> {
    connected = true;
    maxPayload = nc.info?.max_payload ?? maxPayload;
    wake();
    try {
      // The restored subscriptions are known to be active only after this round trip.
      await nc.flush();
    } catch {
      return; // Lost again: the next reconnect calls the handlers.
    }
    for (const handler of [...reconnectHandlers]) {
      try {
        handler();
      } catch (error) {
        onError(error, "");
      }
    }
  }

  async function followStatus(): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === Events.Disconnect) {
        connected = false;
        log?.warn({ ...fields, server: status.data }, "bus connection lost");
        lostHandler();
      } else if (status.type === Events.Reconnect) {
        log?.info({ ...fields, server: status.data }, "bus connection is back");
        void handleReconnect();
      } else if (status.type === Events.Error) {
        onError(new Error(`the NATS server reports ${String(status.data)}`), "");
      }
    }
  }

  void followStatus();
  void nc.closed().then((error) => {
    connected = false;
    wake();
    if (error) onError(error, "");
  });

  return {
    nc,
    get connected() {
      return connected;
    },
    get maxPayload() {
      return maxPayload;
    },
    whenConnected(timeoutMs) {
      if (connected || nc.isClosed()) return Promise.resolve(connected);
      return new Promise((resolve) => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(() => finish(false), timeoutMs);
        const finish = (outcome: boolean): void => {
          clearTimeout(timer);
          waiting = waiting.filter((other) => other !== finish);
          resolve(outcome);
        };
        waiting.push(finish);
      });
    },
    onReconnect(handler) {
      const own = (): void => handler();
      reconnectHandlers.add(own);
      return () => reconnectHandlers.delete(own);
    },
    onLost(handler) {
      lostHandler = handler;
    },
  };
}

function toConnectionOptions(options: NatsLinkOptions): ConnectionOptions {
  const { servers, name, waitOnFirstConnect = false, reconnectWaitMs = 100, pingIntervalMs = 5000 } = options;
  const list = typeof servers === "string" ? servers.split(",") : servers;
  const first = URL.canParse(list[0] ?? "") ? new URL(list[0] ?? "") : undefined;
  const user = options.user ?? decodeURIComponent(first?.username ?? "");
  const pass = options.pass ?? decodeURIComponent(first?.password ?? "");
  return {
    // The client ignores the credentials of a URL, and misparses a URL with encoded characters in them.
    servers: list.map((address) => address.replace(/^(\w+:\/\/)?[^@/]*@/, "$1")),
    name,
    ...(user === "" ? {} : { user, pass }),
    ...(/^[\w-]+$/.test(name) ? { inboxPrefix: `_INBOX.${name}` } : {}),
    ...(first?.protocol === "tls:" ? { tls: {} } : {}),
    maxReconnectAttempts: -1,
    // A wrong password may be a deployment in progress; giving up would leave the process disconnected for good.
    ignoreAuthErrorAbort: true,
    waitOnFirstConnect,
    reconnectTimeWait: reconnectWaitMs,
    reconnectJitter: reconnectWaitMs,
    reconnectJitterTLS: reconnectWaitMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    timeout: 5000,
    // Without this each request captures two stack traces.
    noAsyncTraces: true,
  };
}
