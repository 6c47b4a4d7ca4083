// The one-process form as a child process: built output, data in a fresh folder.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceProcess, startService } from "./service-process.js";

/** Far above what tests ask in a minute, or send at once. */
export const highLimits = {
  LIMIT_PER_USER: "1000000",
  LIMIT_PER_ADDRESS: "10000000",
  LIMIT_ROOMS_CREATED: "1000000",
  LIMIT_PEOPLE_ADDED: "10000000",
  LIMIT_AVATARS: "1000000",
  MEDIA_MAX_UPLOADS_PER_USER: "100",
  MAX_HANDSHAKES_PER_ADDRESS: "1000000",
  MAX_SOCKETS_PER_USER: "100",
};

export interface EmbeddedSystem {
  readonly url: string;
  /** What its tokens are signed with (HS256). */
  readonly secret: string;
  readonly process: ServiceProcess;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/**
 * Resolves when it is ready. `environment` overrides its settings, for example LIMIT_PER_USER; `node` is the path of the
 * Node that runs it, if not this process's own. Rejects with its log.
 */
export async function startEmbedded(
  environment: Readonly<Record<string, string>> = {},
  { node }: { readonly node?: string | undefined } = {},
): Promise<EmbeddedSystem> {
  const folder = mkdtempSync(join(tmpdir(), "khui-embedded-"));
  const secret = environment.JWT_SECRET ?? randomBytes(32).toString("hex");
  try {
    const started = await startService({
      service: "standalone",
      environment: { ...highLimits, DATA_DIR: join(folder, "data"), ...environment, JWT_SECRET: secret },
      logFile: join(folder, "log"),
      node,
    });
    return {
      url: started.url,
      secret,
      process: started,
      async stop() {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
