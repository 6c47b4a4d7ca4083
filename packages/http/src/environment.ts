// The settings that every service with an HTTP side has, as environment variables.
import { type Static, Type } from "typebox";
import type { Guard } from "./mount.js";
import type { TokenKeys } from "./tokens.js";

/** How tokens are checked: exactly one of the three. */
export const keyEnvironment = {
  JWT_SECRET: Type.Optional(Type.String({ minLength: 16 })),
  JWT_PUBLIC_KEY: Type.Optional(Type.String()),
  JWT_JWKS_URL: Type.Optional(Type.String({ pattern: "^https?://" })),
};

/** Requests a minute; see `defaultRules`. */
export const limitEnvironment = {
  LIMIT_PER_USER: Type.Integer({ minimum: 1, default: 1200 }),
  LIMIT_PER_ADDRESS: Type.Integer({ minimum: 1, default: 6000 }),
};

export const serviceEnvironment = {
  ...keyEnvironment,
  ...limitEnvironment,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  HOST: Type.String({ default: "0.0.0.0" }),
  NATS_URL: Type.String(),
  REDIS_URL: Type.String(),
  /** Addresses of the edge, whose X-Forwarded-For is believed. */
  TRUST_PROXY: Type.String({ default: "loopback,uniquelocal" }),
};

type Keys = Static<ReturnType<typeof Type.Object<typeof keyEnvironment>>>;
type LimitSettings = Static<ReturnType<typeof Type.Object<typeof limitEnvironment>>>;

/** Throws when none or several kinds of key are given. */
export function keysFrom(env: Keys): TokenKeys {
  const given: TokenKeys[] = [];
  if (env.JWT_SECRET) given.push({ secret: env.JWT_SECRET });
  if (env.JWT_PUBLIC_KEY) given.push({ publicKey: env.JWT_PUBLIC_KEY.replaceAll("\\n", "\n") });
  if (env.JWT_JWKS_URL) given.push({ jwksUrl: env.JWT_JWKS_URL });
  const [keys] = given;
  if (!keys || given.length > 1) throw new Error("give exactly one of JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL");
  return keys;
}

/** Requests a minute. One address may stand for a whole office behind one router. */
export function defaultRules(env: LimitSettings): Guard["rules"] {
  return {
    perAddress: { name: "address", points: env.LIMIT_PER_ADDRESS, perSeconds: 60 },
    perUser: { name: "user", points: env.LIMIT_PER_USER, perSeconds: 60 },
  };
}
