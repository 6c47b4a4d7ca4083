// Fails requests to another gateway soon after it is gone: one that dies with a request in hand never answers it.
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, type BusMessage, NoResponders } from "@khui/bus";

/** How often a gateway that has requests of ours is probed. */
const probeIntervalMs = 500;
const probeTimeoutMs = 1_000;
/** No request is empty. */
const probe = new Uint8Array(0);

type Reject = (error: unknown) => void;

/** Resolves or rejects as `answer` does, or rejects with NoResponders once nobody serves `subject` any more. */
export type WhileAlive = (subject: string, answer: Promise<BusMessage>) => Promise<BusMessage>;

export function createOwnerLiveness(bus: Bus): WhileAlive {
  /** What rejects the requests in flight, by subject. */
  const inFlight = new Map<string, Set<Reject>>();

  function startProbing(subject: string): Set<Reject> {
    const requests = new Set<Reject>();
    inFlight.set(subject, requests);
    void probeWhileInFlight(subject, requests);
    return requests;
  }

  async function probeWhileInFlight(subject: string, requests: ReadonlySet<Reject>): Promise<void> {
    do {
      await sleep(probeIntervalMs, undefined, { ref: false });
      try {
        await bus.request(subject, probe, { timeoutMs: probeTimeoutMs });
      } catch (error) {
        // One that is slow may still answer.
        if (error instanceof NoResponders) for (const reject of requests) reject(error);
      }
    } while (requests.size > 0);
    inFlight.delete(subject);
  }

  return (subject, answer) => {
    const requests = inFlight.get(subject) ?? startProbing(subject);
    return new Promise((resolve, reject) => {
      requests.add(reject);
      answer.then(resolve, reject).finally(() => requests.delete(reject));
    });
  };
}
