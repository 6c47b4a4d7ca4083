// Verifies the JWTs that the host application issues, with @fastify/jwt.
import fastifyJwt, { type JWT } from "@fastify/jwt";
import { ChatError } from "@khui/contracts";
import { type Algorithm, createDecoder, createVerifier, type DecodedJwt, TokenError } from "fast-jwt";
import Fastify from "fastify";
import { LRUCache } from "lru-cache";
import { type Claims, type Identity, readIdentity } from "./identity.js";
import { remoteKeys } from "./remote-keys.js";

/**
 * How tokens are signed: shared secrets (HS256), PEM public keys or a JWKS URL (RS256, ES256). Of several, a token signed by
 * any is accepted, so that a key can be replaced while tokens of both are in use.
 */
export type TokenKeys =
  | { secret: string | readonly string[] }
  | { publicKey: string | readonly string[] }
  | { jwksUrl: string };

/** What tokens must say besides who their bearer is. */
export interface TokenRules {
  /** `aud` must name one of these. */
  readonly audience?: readonly string[];
  /** `iss` must be one of these. */
  readonly issuer?: readonly string[];
  /** The longest lifetime: `iat` and `exp` are required, and at most this far apart. */
  readonly maxAgeSeconds?: number;
}

export interface Tokens {
  /** Throws ChatError: invalid_token (bad signature, algorithm, claims), token_expired, service_unavailable (JWKS unreachable). */
  verify(token: string): Promise<Identity>;
  /**
   * Signs a token by the first secret, for development and tests; what the rules ask for is filled in. Throws where only public
   * keys are known.
   */
  sign(claims: Record<string, unknown>, expiresInSeconds: number): string;
}

const asymmetric: Algorithm[] = ["RS256", "ES256"];

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
export async function createTokens(keys: TokenKeys, rules: TokenRules = {}): Promise<Tokens> {
  const { audience, issuer, maxAgeSeconds } = rules;
  const jwts = "jwksUrl" in keys ? [] : await jwtsOf(keys, rules);
  const signer = "secret" in keys ? jwts[0] : undefined;
  const verify = "jwksUrl" in keys ? jwksVerifier(keys.jwksUrl, rules) : anyOf(jwts);
  const demanded = { ...(audience ? { aud: audience[0] } : {}), ...(issuer ? { iss: issuer[0] } : {}) };
  return {
    async verify(token) {
      try {
        return readIdentity(await verify(token), maxAgeSeconds);
      } catch (error) {
        throw refusal(error);
      }
    },
    sign(claims, expiresInSeconds) {
      if (!signer) throw new Error("only a shared secret can sign");
      const expiresIn = Math.min(expiresInSeconds, maxAgeSeconds ?? expiresInSeconds);
      return signer.sign({ ...demanded, ...claims }, { expiresIn });
    },
  };
}

/** The times are left to `readIdentity`: fast-jwt allows one clock skew for all of them, and throws a RangeError for one beyond all dates. */
function verifierOptions({ audience, issuer }: TokenRules) {
  return {
    ignoreExpiration: true,
    ignoreNotBefore: true,
    requiredClaims: [...(audience ? ["aud"] : []), ...(issuer ? ["iss"] : [])],
    ...(audience ? { allowedAud: [...audience] } : {}),
    ...(issuer ? { allowedIss: [...issuer] } : {}),
  };
}

/** A namespace for each key. The app is the plugin's own, since sockets verify tokens outside of any request. */
async function jwtsOf(keys: Exclude<TokenKeys, { jwksUrl: string }>, rules: TokenRules): Promise<JWT[]> {
  const app = Fastify();
  const isSecret = "secret" in keys;
  const secrets = isSecret ? [keys.secret].flat() : [keys.publicKey].flat().map((pem) => ({ public: pem }));
  const algorithms: Algorithm[] = isSecret ? ["HS256"] : asymmetric;
  for (const [i, secret] of secrets.entries()) {
    await app.register(fastifyJwt, { namespace: `key${i}`, secret, verify: { algorithms, ...verifierOptions(rules) } });
  }
  return secrets.map((_, i) => app.jwt[`key${i}`]!);
}

/** Verifies with each key until one accepts the token. */
function anyOf(jwts: readonly JWT[]): Verify {
  if (jwts.length === 0) throw new TypeError("no key to verify tokens with");
  return (token) => {
    let refused: unknown;
    for (const jwt of jwts) {
      try {
        return jwt.verify<Claims>(token);
      } catch (error) {
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
function jwksVerifier(url: string, rules: TokenRules): Verify {
  const keyOf = remoteKeys(url);
  // Cached by PEM text: parsing a key costs five times as much as verifying a token.
  const verifiers = new LRUCache<string, Verify>({
    max: 100,
    memoMethod: (key) => createVerifier({ key, algorithms: asymmetric, ...verifierOptions(rules) }),
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

function refusal(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  if (error instanceof TokenError) return new ChatError("invalid_token");
  return new ChatError("service_unavailable");
}
