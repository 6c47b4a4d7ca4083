// The public keys behind a JWKS address (RFC 7517): fetched as a whole, kept, and fetched anew behind those who use them.
import { createPublicKey } from "node:crypto";

interface PublicKey {
  readonly kid: string | undefined;
  /** The one algorithm that the key is for, where the set says so. */
  readonly alg: string | undefined;
  readonly pem: string;
}

/** How a token says which key signed it. */
export interface KeyName {
  readonly alg: string;
  readonly kid?: string | undefined;
}

export interface RemoteKeysTimes {
  /** How old the keys may become before they are fetched anew; the old ones are used until the new ones are there. */
  readonly keepMs: number;
  /** How long nothing is fetched after a fetch: anyone can make up tokens that name unknown keys. */
  readonly pauseMs: number;
  /** The same after a fetch that failed while there are no keys at all. */
  readonly firstPauseMs: number;
  /** How long a fetch may take. */
  readonly timeoutMs: number;
}

const defaultTimes: RemoteKeysTimes = { keepMs: 600_000, pauseMs: 10_000, firstPauseMs: 1_000, timeoutMs: 5_000 };

/**
 * Returns a lookup: resolves with the PEM text of the key that a token names, or with undefined when the set has none.
 * Rejects when the last fetch failed and no key fits, since a newer set might have it. Nothing is fetched before the first call.
 */
export function remoteKeys(
  url: string,
  times: RemoteKeysTimes = defaultTimes,
): (name: KeyName) => Promise<string | undefined> {
  let keys: readonly PublicKey[] = [];
  let staleAt = 0;
  let lastFetch: Promise<void> = Promise.resolve();
  let mayFetchAt = 0;

  /** The last fetch, or a new one when its pause is over. */
  function fetched(): Promise<void> {
    if (performance.now() < mayFetchAt) return lastFetch;
    mayFetchAt = Number.POSITIVE_INFINITY;
    lastFetch = refresh().finally(() => {
      mayFetchAt = performance.now() + (keys.length > 0 ? times.pauseMs : times.firstPauseMs);
    });
    // Whoever waits for it is told; a failure behind everyone's back leaves the old keys.
    lastFetch.catch(() => undefined);
    return lastFetch;
  }

  async function refresh(): Promise<void> {
    keys = await fetchKeys(url, times.timeoutMs);
    staleAt = performance.now() + times.keepMs;
  }

  return async (name) => {
    const find = () => keys.find(({ kid, alg }) => kid === name.kid && (alg === undefined || alg === name.alg))?.pem;
    const pem = find();
    if (pem === undefined) {
      await fetched();
      return find();
    }
    if (performance.now() >= staleAt) void fetched();
    return pem;
  };
}

/** Rejects also for a set without a key that can be used, which is no reason to forget those that we have. */
async function fetchKeys(url: string, timeoutMs: number): Promise<PublicKey[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const set: unknown = response.ok ? await response.json() : undefined;
  const listed = isObject(set) && Array.isArray(set.keys) ? set.keys.filter(isObject) : [];
  const keys = listed.flatMap(publicKey);
  if (keys.length === 0) throw new Error(`no keys at ${url} (status ${response.status})`);
  return keys;
}

/** None for a kind of key that is unknown here: section 5 has it ignored. */
function publicKey(jwk: Record<string, unknown>): PublicKey[] {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  try {
    const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
    return [{ kid: text(jwk.kid), alg: text(jwk.alg), pem }];
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
