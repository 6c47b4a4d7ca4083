// The users of the benches: their ids and tokens.
import { createSigner } from "fast-jwt";

export interface People {
  readonly ids: readonly string[];
  readonly tokens: readonly string[];
}

/** `count` users whose tokens outlast the bench. */
export function makePeople(secret: string, count: number, prefix: string): People {
  const sign = createSigner({ key: secret, expiresIn: 24 * 3600 * 1000 });
  const ids = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  return { ids, tokens: ids.map((id) => sign({ sub: id, name: `User ${id}` })) };
}
