// The passwords that the files of deploy/ need, and the URLs by which each service reaches its servers with them.
import { randomBytes } from "node:crypto";

/** By their names in the files of deploy/ and in docker-compose.yml. */
export type Secrets = Readonly<Record<(typeof secretNames)[number], string>>;

const secretNames = [
  "POSTGRES_PASSWORD",
  "POSTGRES_ROOMS_API_PASSWORD",
  "POSTGRES_MESSAGES_API_PASSWORD",
  "POSTGRES_MEDIA_SERVICE_PASSWORD",
  "POSTGRES_STICKER_SERVICE_PASSWORD",
  "NATS_ROOMS_API_PASSWORD",
  "NATS_MESSAGES_API_PASSWORD",
  "NATS_MEDIA_SERVICE_PASSWORD",
  "NATS_STICKER_SERVICE_PASSWORD",
  "NATS_REALTIME_GATEWAY_PASSWORD",
  "REDIS_PASSWORD",
  "REDIS_ROOMS_API_PASSWORD",
  "REDIS_MESSAGES_API_PASSWORD",
  "REDIS_MEDIA_SERVICE_PASSWORD",
  "REDIS_STICKER_SERVICE_PASSWORD",
  "REDIS_REALTIME_GATEWAY_PASSWORD",
] as const;

/** Random passwords, with characters that break configurations and URLs unless they are quoted. */
export function makeSecrets(): Secrets {
  const secret = (): string => `7e5${randomBytes(16).toString("hex")}/@:#%+$&' é`;
  return Object.fromEntries(secretNames.map((name) => [name, secret()])) as Secrets;
}

/** The environment for nats.conf: values in double quotes, as it requires. */
export function natsEnvironment(secrets: Secrets): Record<string, string> {
  const names = secretNames.filter((name) => name.startsWith("NATS_"));
  return Object.fromEntries(names.map((name) => [name, `"${secrets[name].replaceAll(/["\\]/g, "\\$&")}"`]));
}

/** The environment for deploy/redis/start.sh. */
export function redisEnvironment(secrets: Secrets): Record<string, string> {
  const names = secretNames.filter((name) => name.startsWith("REDIS_"));
  return Object.fromEntries(names.map((name) => [name, secrets[name]]));
}

/** The same URLs with a service's own users. The gateway has no database. */
export function ownAddresses(
  service: string,
  urls: {
    readonly postgres?: string | undefined;
    readonly nats?: string | undefined;
    readonly redis?: string | undefined;
  },
  secrets: Secrets,
): { POSTGRES_URL: string; NATS_URL: string; REDIS_URL: string } {
  const passwords: Readonly<Record<string, string>> = secrets;
  const suffix = `${service.toUpperCase().replaceAll("-", "_")}_PASSWORD`;
  const own = (url: string | undefined, user: string, kind: string): string =>
    withUser(url ?? "", user, passwords[`${kind}_${suffix}`] ?? "");
  return {
    POSTGRES_URL: own(urls.postgres, service.replaceAll("-", "_"), "POSTGRES"),
    NATS_URL: own(urls.nats, service, "NATS"),
    REDIS_URL: own(urls.redis, service, "REDIS"),
  };
}

function withUser(address: string, user: string, password: string): string {
  return address.replace(/^(\w+:\/\/)(?:[^@/]*@)?/, `$1${user}:${encodeURIComponent(password)}@`);
}
