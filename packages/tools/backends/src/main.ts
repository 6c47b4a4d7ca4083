// Starts real servers by hand: `npm run -s backends -- [postgres] [nats] [redis]`, until Ctrl-C.
import { type BackendName, startBackends } from "./backends.js";
import { servers } from "./servers.js";

const isBackend = (name: string): name is BackendName => Object.hasOwn(servers, name);
const known = Object.keys(servers).filter(isBackend);
const names = process.argv.slice(2);
const unknown = names.filter((name) => !isBackend(name));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(" ")}; there are ${known.join(", ")}`);
  process.exit(2);
}

// Before the start, so that a signal during it also stops the servers.
const stopAsked = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
});
const backends = await startBackends(names.length > 0 ? names.filter(isBackend) : known);
const urls = { POSTGRES_URL: backends.postgresUrl, NATS_URL: backends.natsUrl, REDIS_URL: backends.redisUrl };
for (const [variable, url] of Object.entries(urls)) if (url !== undefined) console.log(`export ${variable}=${url}`);
console.error("Ctrl-C stops them and removes their data.");
// A pending promise alone does not keep the process; with URLs from the environment nothing else would.
const stay = setInterval(() => {}, 60_000);
await stopAsked;
clearInterval(stay);
await backends.stop();
