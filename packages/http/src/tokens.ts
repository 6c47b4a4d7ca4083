// Checks the JWTs that the host application issues, by @fastify/jwt.
import fastifyJwt from "@fastify/jwt";
import { ChatError } from "@khui/contracts";
import Fastify from "fastify";
import buildGetJwks from "get-jwks";

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

/** How tokens are signed: a shared secret (HS256), a PEM public key or a JWKS address (RS256, ES256). */
export type TokenKeys = { secret: string } | { publicKey: string } | { jwksUrl: string };

export interface Tokens {
  /** Throws ChatError: invalid_token (bad signature, algorithm, shape), token_expired, service_unavailable (JWKS out of reach). */
  verify(token: string): Promise<Identity>;
  /** Signs a token, for development and tests. Throws where only a public key is known. */
  sign(claims: Record<string, unknown>, expiresInSeconds: number): string;
}

const asymmetric = ["RS256", "ES256"] as const;

/** The plugin brings its own app, since sockets verify tokens outside of any request. */
export async function createTokens(keys: TokenKeys): Promise<Tokens> {
  const app = Fastify();
  await app.register(fastifyJwt, pluginOptions(keys));
  const keyOf = "jwksUrl" in keys ? jwksLookup(keys.jwksUrl) : undefined;
  return {
    async verify(token) {
      try {
        if (!keyOf) return readIdentity(app.jwt.verify<Record<string, unknown>>(token));
        const key = await keyOf(app.jwt.decode<TokenParts>(token, { complete: true }));
        return readIdentity(app.jwt.verify<Record<string, unknown>>(token, { key, algorithms: [...asymmetric] }));
      } catch (error) {
        throw refusal(error);
      }
    },
    sign(claims, expiresInSeconds) {
      if (!("secret" in keys)) throw new Error("only a shared secret can sign");
      return app.jwt.sign(claims, { expiresIn: expiresInSeconds });
    },
  };
}

function pluginOptions(keys: TokenKeys) {
  if ("secret" in keys) return { secret: keys.secret, verify: { algorithms: ["HS256" as const] } };
  // With JWKS the key is named by each token; the one here is never used to verify.
  const secret = "publicKey" in keys ? { public: keys.publicKey } : "unused";
  return { secret, verify: { algorithms: "publicKey" in keys ? [...asymmetric] : ["HS256" as const] } };
}

interface TokenParts {
  header: { alg: string; kid?: string };
}

function jwksLookup(url: string): (token: TokenParts | null) => Promise<string> {
  const { origin, pathname, search } = new URL(url);
  const jwks = buildGetJwks({ jwksPath: `${pathname}${search}`.slice(1), ttl: 10 * 60_000 });
  return async (token) => {
    const header = token?.header;
    if (!header || !asymmetric.some((alg) => alg === header.alg)) throw new ChatError("invalid_token");
    return jwks.getPublicKey({ domain: origin, alg: header.alg, ...(header.kid ? { kid: header.kid } : {}) });
  };
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

function refusal(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "FAST_JWT_EXPIRED") return new ChatError("token_expired");
  // get-jwks: an unknown key id means a token that nobody signed; anything else means the key server is out of reach.
  if (code.startsWith("FAST_JWT_") || code.startsWith("FST_JWT_") || code === "JWK_NOT_FOUND")
    return new ChatError("invalid_token");
  if (error instanceof SyntaxError) return new ChatError("invalid_token");
  return new ChatError("service_unavailable");
}
