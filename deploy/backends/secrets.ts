// The passwords that the files of deploy/ ask for, and the addresses by which each service reaches its servers with them.
import { randomBytes } from "node:crypto";

/** By the names that deploy/nats/nats.conf, deploy/postgres/roles.sql and docker-compose.yml have for them. */
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
] as const;

/** Random ones, with characters that configurations and URLs trip over if they are not quoted. */
export function makeSecrets(): Secrets {
  const secret = (): string => `7e5${randomBytes(16).toString("hex")}/@:#%+$&' é`;
  return Object.fromEntries(secretNames.map((name) => [name, secret()])) as Secrets;
}

/** What nats.conf reads: values in double quotes, as it asks for them. */
export function natsEnvironment(secrets: Secrets): Record<string, string> {
  const names = secretNames.filter((name) => name.startsWith("NATS_"));
  return Object.fromEntries(names.map((name) => [name, `"${secrets[name].replaceAll(/["\\]/g, "\\$&")}"`]));
}

/** A service's own users in place of whoever these addresses name. The gateway has no database. */
export function ownAddresses(
  service: string,
  urls: { readonly postgres: string; readonly nats: string },
  secrets: Secrets,
): { POSTGRES_URL: string; NATS_URL: string } {
  const passwords: Readonly<Record<string, string>> = secrets;
  const suffix = `${service.toUpperCase().replaceAll("-", "_")}_PASSWORD`;
  const role = service.replaceAll("-", "_");
  return {
    POSTGRES_URL: withUser(urls.postgres, role, passwords[`POSTGRES_${suffix}`] ?? ""),
    NATS_URL: withUser(urls.nats, service, passwords[`NATS_${suffix}`] ?? ""),
  };
}

function withUser(address: string, user: string, password: string): string {
  return address.replace(/^(\w+:\/\/)(?:[^@/]*@)?/, `$1${user}:${encodeURIComponent(password)}@`);
}
