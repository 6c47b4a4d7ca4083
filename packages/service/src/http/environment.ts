// The settings that every service with an HTTP side has, as environment variables.
import { type Static, Type } from "typebox";
import type { Guard } from "./mount.js";
import type { TokenKeys, TokenRules } from "./tokens.js";

/** One or more secrets of at least 16 characters, separated by commas. */
const secrets = "^[^,]{16,}(,[^,]{16,})*$";

/** How tokens are verified: exactly one of the three. */
export const keyEnvironment = {
  /** Separated by commas: the first signs, where tokens are signed; tokens signed by any are accepted. */
  JWT_SECRET: Type.Optional(Type.String({ pattern: secrets })),
  /** One or more PEM blocks; tokens signed by any are accepted. */
  JWT_PUBLIC_KEY: Type.Optional(Type.String()),
  JWT_JWKS_URL: Type.Optional(Type.String({ pattern: "^https?://" })),
};

/** One or more texts, separated by commas. */
const texts = "^[^,]+(,[^,]+)*$";

/** What tokens must say besides who their bearer is; without a setting anything goes. */
const ruleEnvironment = {
  /** Separated by commas: `aud` must name one of them. */
  JWT_AUDIENCE: Type.Optional(Type.String({ pattern: texts })),
  /** Separated by commas: `iss` must be one of them. */
  JWT_ISSUER: Type.Optional(Type.String({ pattern: texts })),
  /** In seconds: `iat` and `exp` must be there, and not further apart. */
  JWT_MAX_AGE: Type.Optional(Type.Integer({ minimum: 1 })),
};

/** Requests a minute; see `defaultRules`. */
const limitEnvironment = {
  LIMIT_PER_USER: Type.Integer({ minimum: 1, default: 1200 }),
  LIMIT_PER_ADDRESS: Type.Integer({ minimum: 1, default: 6000 }),
};

/** Settings of every process. */
export const processEnvironment = {
  ...keyEnvironment,
  ...ruleEnvironment,
  ...limitEnvironment,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  HOST: Type.String({ default: "0.0.0.0" }),
  /** Addresses of the edge, whose X-Forwarded-For is trusted. */
  TRUST_PROXY: Type.String({ default: "loopback,uniquelocal" }),
};

/** How links to files are built and signed. */
export const linkEnvironment = {
  /** Shared by messages-api, which signs, and media-service, which verifies. Separated by commas: the first signs, all are accepted. */
  MEDIA_URL_SECRET: Type.String({ pattern: secrets }),
  MEDIA_URL_DAYS: Type.Integer({ minimum: 1, maximum: 365, default: 7 }),
  /** The URL by which clients reach the edge; without it, links are relative. */
  PUBLIC_URL: Type.String({ pattern: "^(https?://.*[^/])?$", default: "" }),
};

type LinkSettings = Static<ReturnType<typeof Type.Object<typeof linkEnvironment>>>;

/** The settings as `createMediaLinks` takes them. */
export function linkOptions(env: LinkSettings, publicUrl: () => string) {
  return { secrets: env.MEDIA_URL_SECRET.split(","), validSeconds: env.MEDIA_URL_DAYS * 86_400, publicUrl };
}

type Keys = Static<ReturnType<typeof Type.Object<typeof keyEnvironment>>>;
type Rules = Static<ReturnType<typeof Type.Object<typeof ruleEnvironment>>>;
type LimitSettings = Static<ReturnType<typeof Type.Object<typeof limitEnvironment>>>;

/** Throws when none or several kinds of key are given, or when JWT_PUBLIC_KEY holds anything but PEM blocks. */
export function keysFrom(env: Keys): TokenKeys {
  const given: TokenKeys[] = [];
  if (env.JWT_SECRET) given.push({ secret: env.JWT_SECRET.split(",") });
  if (env.JWT_PUBLIC_KEY) given.push({ publicKey: pemBlocks(env.JWT_PUBLIC_KEY) });
  if (env.JWT_JWKS_URL) given.push({ jwksUrl: env.JWT_JWKS_URL });
  const [keys] = given;
  if (!keys || given.length > 1) throw new Error("give exactly one of JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL");
  return keys;
}

const listOf = (text: string) => text.split(",").map((one) => one.trim());

/** What tokens must say, as `createTokens` takes it. */
export function tokenRulesFrom(env: Rules): TokenRules {
  return {
    ...(env.JWT_AUDIENCE ? { audience: listOf(env.JWT_AUDIENCE) } : {}),
    ...(env.JWT_ISSUER ? { issuer: listOf(env.JWT_ISSUER) } : {}),
    ...(env.JWT_MAX_AGE ? { maxAgeSeconds: env.JWT_MAX_AGE } : {}),
  };
}

/** `\n` stands for a line break where a variable cannot contain one. */
function pemBlocks(text: string): string[] {
  const block = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;
  const lines = text.replaceAll("\\n", "\n");
  if (lines.replaceAll(block, "").trim() !== "")
    throw new Error("JWT_PUBLIC_KEY holds something that is not a PEM key");
  return lines.match(block) ?? [];
}

/** Requests a minute. One address may stand for a whole office behind one router. */
export function defaultRules(env: LimitSettings): Guard["rules"] {
  return {
    perAddress: { name: "address", points: env.LIMIT_PER_ADDRESS, perSeconds: 60 },
    perUser: { name: "user", points: env.LIMIT_PER_USER, perSeconds: 60 },
  };
}
