// The public keys behind a JWKS URL (RFC 7517): fetched as a whole, cached, and refreshed in the background.
// Not by jose or jwks-rsa: once keys are stale both wait for the URL, and tokens that name unknown keys cost fetches without a bound, or
// use up a rate that known keys need; see docs/decisions/0016-libraries.md.
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
  /** How old the keys may get before they are fetched again; stale ones are used until the new ones have come. */
  readonly maxAgeMs: number;
  /** How long nothing is fetched after a fetch: anyone can make up tokens that name unknown keys. */
  readonly cooldownMs: number;
  /** The same after a fetch that failed while there are no keys at all. */
  readonly retryMs: number;
  /** How long a fetch may take. */
  readonly timeoutMs: number;
}

const defaultTimes: RemoteKeysTimes = { maxAgeMs: 600_000, cooldownMs: 10_000, retryMs: 1_000, timeoutMs: 5_000 };

/**
 * Returns a lookup: resolves with the PEM text of the key that a token names, or with undefined when the set has none.
 * Rejects when the last fetch failed and no key matches, since a newer set might have it. Nothing is fetched before the first call.
 */
export function remoteKeys(
  url: string,
  times: RemoteKeysTimes = defaultTimes,
): (name: KeyName) => Promise<string | undefined> {
  let keys: readonly PublicKey[] = [];
  let staleAt = 0;
  let lastFetch: Promise<void> = Promise.resolve();
  let coolUntil = 0;

  /** The last fetch, or a new one when its cool-down is over. */
  function refresh(): Promise<void> {
    if (performance.now() < coolUntil) return lastFetch;
    coolUntil = Number.POSITIVE_INFINITY;
    lastFetch = load().finally(() => {
      coolUntil = performance.now() + (keys.length > 0 ? times.cooldownMs : times.retryMs);
    });
    // Whoever awaits it gets the error; a failure in the background leaves the stale keys.
    lastFetch.catch(() => undefined);
    return lastFetch;
  }

  async function load(): Promise<void> {
    keys = await fetchKeys(url, times.timeoutMs);
    staleAt = performance.now() + times.maxAgeMs;
  }

  return async (name) => {
    const find = () => keys.find(({ kid, alg }) => kid === name.kid && (alg === undefined || alg === name.alg))?.pem;
    const pem = find();
    if (pem === undefined) {
      await refresh();
      return find();
    }
    if (performance.now() >= staleAt) void refresh();
    return pem;
  };
}

/** Rejects also for a set without a usable key, which is no reason to forget those that we have. */
async function fetchKeys(url: string, timeoutMs: number): Promise<PublicKey[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  const set: unknown = response.ok ? await response.json() : undefined;
  const listed = isObject(set) && Array.isArray(set.keys) ? set.keys.filter(isObject) : [];
  const keys = listed.flatMap(publicKey);
  if (keys.length === 0) throw new Error(`no keys at ${url} (status ${response.status})`);
  return keys;
}

/** None for a kind of key that is unknown here, which RFC 7517, section 5, has ignored. */
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
