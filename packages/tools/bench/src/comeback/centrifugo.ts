// Centrifugo (https://centrifugal.dev) as another server to compare with: one node, its channels with history and recovery.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuarded } from "@khui/backends/guarded-process";
import { freePort, ready } from "@khui/backends/probes";

export interface Centrifugo {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const startMs = 20_000;

/** `binary`: its path. Clients authenticate with tokens that `secret` signs (HS256), and may subscribe to any channel. */
export async function startCentrifugo(binary: string, secret: string): Promise<Centrifugo> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "khui-bench-centrifugo-")));
  const port = await freePort();
  const configuration = {
    http_server: { address: "127.0.0.1", port },
    client: { token: { hmac_secret_key: secret }, allowed_origins: ["*"] },
    channel: {
      without_namespace: {
        history_size: 100,
        history_ttl: "3600s",
        force_recovery: true,
        allow_subscribe_for_client: true,
      },
    },
    health: { enabled: true },
    usage_stats: { disabled: true },
    log: { level: "warn" },
  };
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(configuration));
  const child = await startGuarded({ file: binary, args: ["--config", file] }, folder);
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const answers = async () => (await fetch(`${url}/health`).catch(() => undefined))?.status === 200;
  try {
    if (await ready(answers, () => child.running, startMs)) return { url, pid: child.pid, stop };
    throw new Error("it ended");
  } catch (cause) {
    const log = child.logTail();
    await stop();
    throw new Error(`Centrifugo does not start:\n${log}`, { cause });
  }
}
