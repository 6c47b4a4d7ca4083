// Checks the JWTs that the host application issues, by @fastify/jwt.
import fastifyJwt from "@fastify/jwt";
import { ChatError } from "@khui/contracts";
import Fastify from "fastify";
import { remoteKeys } from "./remote-keys.js";

/** Who a token says its bearer is. */
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
 * How tokens are signed: a shared secret (HS256), a PEM public key or a JWKS address (RS256, ES256). Of several, a token by
 * any is good, so that a key can be replaced while tokens by both are about.
 */
export type TokenKeys =
  | { secret: string | readonly string[] }
  | { publicKey: string | readonly string[] }
  | { jwksUrl: string };

export interface Tokens {
  /** Throws ChatError: invalid_token (bad signature, algorithm, shape), token_expired, service_unavailable (JWKS out of reach). */
  verify(token: string): Promise<Identity>;
  /** Signs a token by the first secret, for development and tests. Throws where only public keys are known. */
  sign(claims: Record<string, unknown>, expiresInSeconds: number): string;
}

const asymmetric = ["RS256", "ES256"] as const;

type Claims = Record<string, unknown>;

/** Throws a TypeError when no key is given, and the plugin's error for one that it cannot use. */
export async function createTokens(keys: TokenKeys): Promise<Tokens> {
  const verifiers =
    "jwksUrl" in keys ? [await jwksVerifier(keys.jwksUrl)] : await Promise.all(keysOf(keys).map(keyApp));
  const signer = "secret" in keys ? verifiers[0]?.sign : undefined;
  if (verifiers.length === 0) throw new TypeError("no key to check tokens with");
  return {
    async verify(token) {
      try {
        return readIdentity(await claimsBy(verifiers, token));
      } catch (error) {
        throw refusal(error);
      }
    },
    sign(claims, expiresInSeconds) {
      if (!signer) throw new Error("only a shared secret can sign");
      return signer(claims, expiresInSeconds);
    },
  };
}

interface Verifier {
  verify(token: string): Claims | Promise<Claims>;
  sign?(claims: Claims, expiresInSeconds: number): string;
}

/** What the first key that signed the token finds in it. Only that key can say that it has expired. */
async function claimsBy(verifiers: readonly Verifier[], token: string): Promise<Claims> {
  let refused: unknown;
  for (const verifier of verifiers) {
    try {
      return await verifier.verify(token);
    } catch (error) {
      if (isExpiry(error)) throw error;
      refused = error;
    }
  }
  throw refused;
}

type Key = { secret: string } | { public: string };

function keysOf(keys: Exclude<TokenKeys, { jwksUrl: string }>): Key[] {
  if ("secret" in keys) return [keys.secret].flat().map((secret) => ({ secret }));
  return [keys.publicKey].flat().map((pem) => ({ public: pem }));
}

/** The plugin brings its own app, since sockets verify tokens outside of any request; and it takes one key. */
async function keyApp(key: Key): Promise<Verifier> {
  const app = Fastify();
  const secret = "secret" in key ? key.secret : key;
  const algorithms = "secret" in key ? ["HS256" as const] : [...asymmetric];
  await app.register(fastifyJwt, { secret, verify: { algorithms } });
  return {
    verify: (token) => app.jwt.verify<Claims>(token),
    sign: (claims, expiresInSeconds) => app.jwt.sign(claims, { expiresIn: expiresInSeconds }),
  };
}

/** The key is the one that the token names. */
async function jwksVerifier(url: string): Promise<Verifier> {
  const app = Fastify();
  // Never used to verify.
  await app.register(fastifyJwt, { secret: "unused" });
  const keyOf = remoteKeys(url);
  return {
    async verify(token) {
      const header = app.jwt.decode<TokenParts>(token, { complete: true })?.header;
      if (!header || !asymmetric.some((alg) => alg === header.alg)) throw new ChatError("invalid_token");
      const key = await keyOf(header).catch(() => {
        throw new ChatError("service_unavailable");
      });
      if (key === undefined) throw new ChatError("invalid_token");
      return app.jwt.verify<Claims>(token, { key, algorithms: [...asymmetric] });
    },
  };
}

interface TokenParts {
  header: { alg: string; kid?: string };
}

/** Section 4 of the design: `sub`, else `userId`, `id`, `_id`; a number is taken as its digits. */
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
  return error instanceof Error && "code" in error && error.code === "FAST_JWT_EXPIRED";
}

function refusal(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (isExpiry(error)) return new ChatError("token_expired");
  if (code.startsWith("FAST_JWT_") || code.startsWith("FST_JWT_")) return new ChatError("invalid_token");
  if (error instanceof SyntaxError) return new ChatError("invalid_token");
  return new ChatError("service_unavailable");
}
