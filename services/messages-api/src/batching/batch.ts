// Items that are written together; afterwards each gets its own result.
import { joinScopes, type Scope, type Scopes } from "@khui/service/telemetry";

/** An item with the promise of its result. */
export interface Entry<Item, Result> {
  readonly item: Item;
  readonly key: string;
  /** Past this time of `performance.now()` nobody waits for the result any more. */
  readonly deadline: number;
  readonly scope: Scope | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export type Batch<Item, Result> = ReadonlyArray<Entry<Item, Result>>;

export type Outcome<Result> =
  | { readonly kind: "written"; readonly results: readonly Result[] }
  | { readonly kind: "failed"; readonly error: unknown };

export interface Writing<Item, Result> {
  /** Writes a batch; results in the order of the items. */
  readonly write: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Called with each batch's results before its items get them. Must not throw. */
  readonly onWritten?: (results: readonly Result[]) => void;
  /** A batch is written in the scope of all requests that it came from. */
  readonly scopes: Scopes;
}

/** Never rejects; no item gets its result yet. */
export function writeBatch<Item, Result>(
  batch: Batch<Item, Result>,
  { scopes, write }: Writing<Item, Result>,
): Promise<Outcome<Result>> {
  return scopes.run(scopeOf(batch, scopes), async (): Promise<Outcome<Result>> => {
    try {
      return { kind: "written", results: await write(batch.map(({ item }) => item)) };
    } catch (error) {
      return { kind: "failed", error };
    }
  });
}

/** Gives every item its result, or all of them the failure. */
export function handOut<Item, Result>(
  batch: Batch<Item, Result>,
  outcome: Outcome<Result>,
  { scopes, onWritten }: Writing<Item, Result>,
): void {
  if (outcome.kind === "failed") {
    for (const { reject } of batch) reject(outcome.error);
    return;
  }
  const { results } = outcome;
  scopes.run(scopeOf(batch, scopes), () => onWritten?.(results));
  for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
}

function scopeOf(batch: Batch<unknown, never>, scopes: Scopes): Scope | undefined {
  return scopes.active ? joinScopes(batch.map(({ scope }) => scope)) : undefined;
}

/** One batch for each key, in the order of arrival. */
export function splitByKey<Item, Result>(batch: Batch<Item, Result>): Array<Batch<Item, Result>> {
  const byKey = new Map<string, Array<Entry<Item, Result>>>();
  for (const entry of batch) {
    const entries = byKey.get(entry.key);
    if (entries) entries.push(entry);
    else byKey.set(entry.key, [entry]);
  }
  return [...byKey.values()];
}
