// The bus as a network between machines: messages take time, cross, and are lost, as far as the port allows.
import {
  type Bus,
  type BusMessage,
  ConnectionLost,
  NoResponders,
  RemoteError,
  RequestTimeout,
  type Subscription,
} from "@khui/bus";
import { createRouter, type Route } from "@khui/bus/internal/router";
import { withTimeout } from "@khui/bus/internal/timeouts";
import { Machine, type Scheduler } from "./scheduler.js";

/** What the network does at the moment; a schedule changes it. */
export interface NetworkConditions {
  /** Most messages take up to this long. */
  delayMs: number;
  /** One in so many takes up to twenty times that. */
  slowShare: number;
  /** Of the messages on their way to a subscriber, requests and answers included. */
  lossShare: number;
  /** Of the requests, refused by their server as too many. */
  overloadShare: number;
}

export interface SimulatedNetwork {
  connect(machine: Machine, onError: (error: unknown) => void): SimulatedBus;
}

export interface SimulatedBus extends Bus {
  /** Loses the connection, and everything on its way. On its machine, as `restore`. */
  cut(): void;
  restore(): void;
  /** The server has noticed that the machine is dead. */
  forget(): void;
  /** Subscriptions that its client holds. */
  readonly subscriptions: number;
}

type Respond = (answer: () => BusMessage) => void;
type Receive = (message: BusMessage, respond: Respond | undefined) => void;

interface Remote extends Route {
  readonly receive: (message: BusMessage, from: string, respond: Respond | undefined) => void;
}

export function createNetwork(scheduler: Scheduler, conditions: NetworkConditions): SimulatedNetwork {
  const server = createRouter<Remote>();
  const { random } = scheduler;
  const natsServer = new Machine("nats");
  let connections = 0;

  function delay(): number {
    const ms = random.draw() * conditions.delayMs;
    return random.chance(conditions.slowShare) ? ms * 20 : ms;
  }

  function connect(machine: Machine, onError: (error: unknown) => void): SimulatedBus {
    const name = `${machine.name}#${connections++}`;
    const held = new Set<Remote>();
    const reconnected = new Set<() => void>();
    const waiting: Array<() => void> = [];
    let loseAnswers = new Set<() => void>();
    /** Grows with each connection: what an earlier one carried is lost. */
    let epoch = 0;
    let connected = true;
    /** When what was sent last is at the server: one stream, in order. */
    let sentAt = 0;
    /** When the last message of a publisher on a subject arrives here: the order that the port promises. */
    const lanes = new Map<string, number>();

    function toServer(label: string, arrive: () => void): void {
      const sending = epoch;
      sentAt = Math.max(sentAt, scheduler.now + delay() / 2);
      scheduler.at(sentAt, natsServer, label, () => {
        if (sending === epoch && machine.alive) arrive();
      });
    }

    /** From the server to this client, unless it is lost. */
    function toClient(lane: string | undefined, label: string, arrive: () => void): void {
      const sending = epoch;
      let at = scheduler.now + delay() / 2;
      if (lane !== undefined) {
        at = Math.max(at, lanes.get(lane) ?? 0);
        lanes.set(lane, at);
      }
      scheduler.at(at, machine, label, () => {
        if (sending === epoch) arrive();
      });
    }

    function register(remote: Remote): void {
      toServer(`SUB ${remote.pattern}`, () => {
        if (held.has(remote)) server.add(remote);
      });
    }

    function add(pattern: string, queue: string | undefined, onMessage: Receive): Subscription {
      let stopped = false;
      const remote: Remote = {
        pattern,
        queue,
        receive(message, from, respond) {
          if (random.chance(conditions.lossShare))
            return scheduler.note(`lost on the way to ${name}: ${message.subject}`);
          toClient(`${from} ${message.subject}`, message.subject, () => {
            if (!stopped) onMessage(message, respond);
          });
        },
      };
      held.add(remote);
      if (connected) register(remote);
      return {
        unsubscribe() {
          if (stopped) return;
          stopped = true;
          held.delete(remote);
          if (connected) toServer(`UNSUB ${pattern}`, () => server.remove(remote));
        },
      };
    }

    function whenConnected(timeoutMs?: number): Promise<boolean> {
      if (connected) return Promise.resolve(true);
      return new Promise((resolve) => {
        waiting.push(() => resolve(true));
        if (timeoutMs !== undefined) setTimeout(resolve, timeoutMs, false);
      });
    }

    function ask(subject: string, data: Uint8Array, headers: Record<string, string>, timeoutMs: number) {
      return new Promise<BusMessage>((resolve, reject) => {
        const finish = (outcome: () => void) => {
          clearTimeout(timer);
          loseAnswers.delete(lose);
          outcome();
        };
        const lose = () => finish(() => reject(new ConnectionLost(subject)));
        const timer = setTimeout(() => finish(() => reject(new RequestTimeout(subject, timeoutMs))), timeoutMs);
        loseAnswers.add(lose);
        const fail = (error: Error) => toClient(undefined, `refusal of ${subject}`, () => finish(() => reject(error)));
        toServer(subject, () => {
          const [served] = server.pick(subject);
          if (!served) return fail(new NoResponders(subject));
          if (random.chance(conditions.overloadShare)) return fail(new RemoteError("overloaded", "too many requests"));
          served.receive({ subject, data, headers }, name, (answer) => {
            if (random.chance(conditions.lossShare)) return scheduler.note(`lost: the answer of ${subject} to ${name}`);
            toClient(undefined, `answer of ${subject}`, () =>
              finish(() => {
                try {
                  resolve(answer());
                } catch (error) {
                  reject(error);
                }
              }),
            );
          });
        });
      });
    }

    return {
      publish(subject, data, headers = {}) {
        if (!connected) return;
        toServer(`PUB ${subject}`, () => {
          for (const { receive } of server.pick(subject)) receive({ subject, data, headers }, name, undefined);
        });
      },
      subscribe: (subject, handler, { queue } = {}) =>
        add(subject, queue, (message) => {
          try {
            void Promise.resolve(handler(message)).catch(onError);
          } catch (error) {
            onError(error);
          }
        }),
      async request(subject, data, { timeoutMs, headers = {} }) {
        const askedAt = scheduler.now;
        if (!(await whenConnected(timeoutMs))) throw new RequestTimeout(subject, timeoutMs);
        const leftMs = Math.max(1, timeoutMs - (scheduler.now - askedAt));
        return ask(subject, data, withTimeout(headers, leftMs), leftMs);
      },
      serve(subject, handler, { queue } = {}) {
        return add(subject, queue, (message, respond) => {
          const answered = (answer: () => BusMessage) => {
            // The answer is sent as it is now, by the server's own connection.
            if (connected) toServer(`answer of ${subject}`, () => respond?.(answer));
          };
          handler(message).then(
            (data) => answered(() => ({ subject, data, headers: {} })),
            (error) => {
              onError(error);
              answered(() => {
                throw new RemoteError("failed", String(error));
              });
            },
          );
        });
      },
      async flush() {
        for (;;) {
          await whenConnected();
          const answered = await new Promise<boolean>((resolve) => {
            const lose = () => resolve(false);
            loseAnswers.add(lose);
            toServer("PING", () =>
              toClient(undefined, "PONG", () => {
                loseAnswers.delete(lose);
                resolve(true);
              }),
            );
          });
          if (answered) return;
        }
      },
      onReconnect(handler) {
        reconnected.add(handler);
        return () => reconnected.delete(handler);
      },
      get connected() {
        return connected;
      },
      dropped: { received: 0, sent: 0 },
      async close() {},
      cut() {
        if (!connected) return;
        connected = false;
        epoch++;
        for (const remote of held) server.remove(remote);
        const losing = loseAnswers;
        loseAnswers = new Set();
        for (const lose of losing) lose();
      },
      restore() {
        if (connected) return;
        connected = true;
        sentAt = scheduler.now;
        for (const remote of held) register(remote);
        for (const wake of waiting.splice(0)) wake();
        void this.flush().then(() => {
          for (const handler of reconnected) handler();
        });
      },
      forget() {
        for (const remote of held) server.remove(remote);
      },
      get subscriptions() {
        return held.size;
      },
    };
  }

  return { connect };
}
