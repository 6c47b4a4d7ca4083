// A bad network in front of the system: every TCP connection through it is slow in its own way, stalls, and is cut.
import { once, setMaxListeners } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@khui/test-kit/random";

export interface Wire {
  /** The URL of the system through this network. */
  readonly url: string;
  readonly counts: { connections: number; cuts: number; stalls: number };
  /** From now on no connection lasts, or until `calm`. */
  disturb(): void;
  /** Connections are only slow from now on. Those that stall go on. */
  calm(): void;
  close(): Promise<void>;
}

/** Each way, for every chunk of bytes. */
const mostLatencyMs = 60;
const lifeMs = { least: 100, most: 4_000 };
/** Shorter than what a client or the server takes for a lost connection. */
const stallMs = { least: 300, most: 6_000 };
const stallShare = 0.4;

/** Resolves when it listens on loopback. */
export async function openWire(target: string, random: Random): Promise<Wire> {
  const { hostname, port } = new URL(target);
  const counts = { connections: 0, cuts: 0, stalls: 0 };
  const open = new Set<Socket>();
  let calming = new AbortController();
  calming.abort();

  const server = createServer((near) => {
    counts.connections++;
    const far = connect(Number(port), hostname);
    let stalled: Promise<unknown> | undefined;
    const latencyMs = random.between(0, mostLatencyMs);
    const slowly = () =>
      new Transform({
        async transform(chunk, _, done) {
          await sleep(latencyMs);
          await stalled;
          done(null, chunk);
        },
      });
    open.add(near);
    const cut = (): void => {
      open.delete(near);
      near.destroy();
      far.destroy();
    };
    // Either end may break at any time here. What the system says before it closes has yet to arrive, so its end is passed on by the pipe.
    near.setNoDelay(true).on("error", cut).on("close", cut);
    far.setNoDelay(true).on("error", cut);
    near.pipe(slowly()).pipe(far);
    far.pipe(slowly()).pipe(near);
    void live(near, (pause) => {
      stalled = pause;
    }).then((survives) => survives || cut());
  });

  /** Stalls the connection some times. Resolves with whether it is left alone in the end, or is to be cut. */
  async function live(near: Socket, stall: (pause: Promise<unknown>) => void): Promise<boolean> {
    for (;;) {
      const { signal } = calming;
      await pause(random.between(lifeMs.least, lifeMs.most), signal);
      if (near.destroyed || signal.aborted) return true;
      if (!random.chance(stallShare)) {
        counts.cuts++;
        return false;
      }
      counts.stalls++;
      stall(pause(random.between(stallMs.least, stallMs.most), signal));
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    disturb() {
      calming = new AbortController();
      // Each connection listens.
      setMaxListeners(0, calming.signal);
      // What is open already has a life of its own: it ends now, and the next one is disturbed.
      for (const near of open) near.destroy();
    },
    calm: () => calming.abort(),
    async close() {
      calming.abort();
      server.close();
      for (const near of open) near.destroy();
      await once(server, "close");
    },
  };
}

/** Ends early, without an error, when it is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
