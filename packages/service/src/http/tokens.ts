// Verifies the JWTs that the host application issues, with @fastify/jwt.
import fastifyJwt, { type JWT } from "@fastify/jwt";
import { ChatError } from "@khui/contracts";
import { type Algorithm, createDecoder, createVerifier, type DecodedJwt, TokenError } from "fast-jwt";
import Fastify from "fastify";
import { LRUCache } from "lru-cache";
import { remoteKeys } from "./remote-keys.js";

/** The identity of a token's bearer. */
export interface Identity {
  readonly userId: string;
  readonly name: string | undefined;
  readonly avatar: string | undefined;
  /** The token's scope contains chat:admin. */
  readonly admin: boolean;
  /** Milliseconds since 1970, or null for a token without end. */
  readonly expiresAt: number | null;
}

/**
 * How tokens are signed: shared secrets (HS256), PEM public keys or a JWKS URL (RS256, ES256). Of several, a token signed by
 * any is accepted, so that a key can be replaced while tokens of both are in use.
 */
export type TokenKeys =
  | { secret: string | readonly string[] }
  | { publicKey: string | readonly string[] }
  | { jwksUrl: string };

export interface Tokens {
  /** Throws ChatError: invalid_token (bad signature, algorithm, shape), token_expired, service_unavailable (JWKS unreachable). */
  verify(token: string): Promise<Identity>;
  /** Signs a token by the first secret, for development and tests. Throws where only public keys are known. */
  sign(claims: Record<string, unknown>, expiresInSeconds: number): string;
}

const asymmetric: Algorithm[] = ["RS256", "ES256"];

type Claims = Record<string, unknown>;
type Verify = (token: string) => Claims | Promise<Claims>;

declare module "@fastify/jwt" {
  interface FastifyJWT {
    namespaces: string;
  }
}

/**
 * Rejects with a TypeError when no key is given, and with the plugin's error for a key that it cannot use.
 *
 * @fastify/jwt, which verifies with fast-jwt, and not jose: services verify a token with every request. One CPU verifies 250,000 HS256 tokens a second with fast-jwt and 13,000
 * to 18,000 with jose, which goes through crypto.subtle; 25,000 against 10,000 to 20,000 RS256 tokens.
 */
export async function createTokens(keys: TokenKeys): Promise<Tokens> {
  const jwts = "jwksUrl" in keys ? [] : await jwtsOf(keys);
  const signer = "secret" in keys ? jwts[0] : undefined;
  const verify = "jwksUrl" in keys ? jwksVerifier(keys.jwksUrl) : anyOf(jwts);
  return {
    async verify(token) {
      try {
        return readIdentity(await verify(token));
      } catch (error) {
        throw refusal(error);
      }
    },
    sign(claims, expiresInSeconds) {
      if (!signer) throw new Error("only a shared secret can sign");
      return signer.sign(claims, { expiresIn: expiresInSeconds });
    },
  };
}

/** A namespace for each key. The app is the plugin's own, since sockets verify tokens outside of any request. */
async function jwtsOf(keys: Exclude<TokenKeys, { jwksUrl: string }>): Promise<JWT[]> {
  const app = Fastify();
  const isSecret = "secret" in keys;
  const secrets = isSecret ? [keys.secret].flat() : [keys.publicKey].flat().map((pem) => ({ public: pem }));
  const algorithms: Algorithm[] = isSecret ? ["HS256"] : asymmetric;
  for (const [i, secret] of secrets.entries()) {
    await app.register(fastifyJwt, { namespace: `key${i}`, secret, verify: { algorithms } });
  }
  return secrets.map((_, i) => app.jwt[`key${i}`]!);
}

/** Verifies with each key until one accepts the signature. Only that key can tell that the token has expired. */
function anyOf(jwts: readonly JWT[]): Verify {
  if (jwts.length === 0) throw new TypeError("no key to verify tokens with");
  return (token) => {
    let refused: unknown;
    for (const jwt of jwts) {
      try {
        return jwt.verify<Claims>(token);
      } catch (error) {
        if (isExpiry(error)) throw error;
        refused = error;
      }
    }
    throw refused;
  };
}

/**
 * Verifies with the key that the token names. By fast-jwt itself: the plugin's namespaces are registered before the keys are known, and given
 * a key with a token it parses that key each time.
 */
function jwksVerifier(url: string): Verify {
  const keyOf = remoteKeys(url);
  // Cached by PEM text: parsing a key costs five times as much as verifying a token.
  const verifiers = new LRUCache<string, Verify>({
    max: 100,
    memoMethod: (key) => createVerifier({ key, algorithms: asymmetric }),
  });
  const decode = createDecoder({ complete: true });
  return async (token) => {
    const { header } = decode(token) as DecodedJwt;
    if (!asymmetric.includes(header.alg)) throw new ChatError("invalid_token");
    const key = await keyOf({ alg: header.alg, kid: header.kid }).catch(() => {
      throw new ChatError("service_unavailable");
    });
    if (key === undefined) throw new ChatError("invalid_token");
    return verifiers.memo(key)(token);
  };
}

/** The user id is `sub`, else `userId`, `id`, `_id`; a number is converted to its digits. */
function readIdentity(claims: Record<string, unknown>): Identity {
  const id = [claims.sub, claims.userId, claims.id, claims._id].find((value) => value !== undefined && value !== null);
  const userId = typeof id === "number" ? String(id) : id;
  if (typeof userId !== "string" || userId.length < 1 || userId.length > 128) throw new ChatError("invalid_token");
  if (userId.includes("\0") || !userId.isWellFormed()) throw new ChatError("invalid_token");
  return {
    userId,
    name: shortText(claims.name, 200),
    avatar: shortText(claims.avatar ?? claims.picture, 2048),
    admin: hasAdminScope(claims.scope),
    expiresAt: typeof claims.exp === "number" ? claims.exp * 1000 : null,
  };
}

function shortText(value: unknown, max: number): string | undefined {
  if (typeof value !== "string" || value === "" || value.includes("\0") || !value.isWellFormed()) return undefined;
  return value.slice(0, max).toWellFormed();
}

function hasAdminScope(scope: unknown): boolean {
  const scopes = typeof scope === "string" ? scope.split(" ") : Array.isArray(scope) ? scope : [];
  return scopes.includes("chat:admin");
}

function isExpiry(error: unknown): boolean {
  return error instanceof TokenError && error.code === TokenError.codes.expired;
}

function refusal(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  if (isExpiry(error)) return new ChatError("token_expired");
  if (error instanceof TokenError) return new ChatError("invalid_token");
  return new ChatError("service_unavailable");
}
