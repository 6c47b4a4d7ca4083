// The one-process form: every service on embedded adapters, behind one port. All its wiring is on this page.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs } from "@khui/blobs";
import { openFolderBlobs } from "@khui/blobs/folder";
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { openPostgres } from "@khui/database/postgres";
import { startEmbeddedPostgres } from "@khui/embedded-postgres";
import { createLocalLimits } from "@khui/limits/local";
import { createMediaLinks } from "@khui/media-links";
import { type MediaLimits, mediaService } from "@khui/media-service";
import { messagesApi } from "@khui/messages-api";
import { createLocalPresence } from "@khui/presence/local";
import { type GatewayDeps, realtimeGateway } from "@khui/realtime-gateway";
import { type RoomQuotas, roomsApi } from "@khui/rooms-api";
import {
  createApp,
  createTokens,
  type Guard,
  keepLocal,
  mountHealth,
  mountMetrics,
  type TokenKeys,
  type Tokens,
} from "@khui/service/http";
import { type Closers, createClosers, type Logger } from "@khui/service/process";
import {
  observeStatements,
  type Telemetry,
  unobserved,
  watchBus,
  watchDatabase,
  watchLimits,
} from "@khui/service/telemetry";
import { stickerService } from "@khui/sticker-service";
import { mountDevelopmentSignIn } from "./development.js";

export interface StandaloneOptions {
  /** Where data is kept; when absent, in temporary folders. */
  readonly dataDir?: string;
  /** A database on a server that runs already; without, one is started with this process. */
  readonly postgresUrl?: string;
  readonly keys: TokenKeys;
  /** What addresses of files are signed with. */
  readonly mediaSecret: string;
  /** What clients reach this process by; `url` by default. */
  readonly publicUrl?: string;
  readonly mediaLimits?: MediaLimits;
  /** Where files are kept, when not in `dataDir`; closed by whoever gives it. */
  readonly blobs?: Blobs;
  readonly rules: Guard["rules"];
  readonly roomQuotas?: RoomQuotas;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  /** Offers tokens to anyone on this machine. */
  readonly developmentSignIn?: boolean;
  /** Answers /metrics and /readyz to other machines too. */
  readonly exposeMetrics?: boolean;
  readonly gateway?: GatewayDeps["gateway"];
  readonly engine?: GatewayDeps["engine"];
  /** Puts something between the services and the bus: tests lose messages here. */
  readonly wrapBus?: (bus: Bus) => Bus;
}

export interface Standalone {
  readonly url: string;
  readonly tokens: Tokens;
  close(): Promise<void>;
}

/** How long addresses of files are good. */
const linkSeconds = 7 * 86_400;

/** Opens everything, listens, and resolves when requests are taken. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { log, telemetry = unobserved(options.log) } = options;
  const closers = createClosers(log);
  try {
    const folder = options.dataDir ?? (await temporaryFolder(closers));
    const database = openPostgres({
      url: options.postgresUrl ?? (await startPostgres(options, closers)),
      applicationName: "khui",
      onError: (error) => log.warn({ err: error }, "connection"),
      onStatement: observeStatements(telemetry),
    });
    closers.add("database", () => database.close());
    watchDatabase(telemetry, database);
    const localBus = createLocalBus({ onError: (error) => log.warn({ err: error }, "bus") }).connect();
    closers.add("bus", () => localBus.close());
    const bus = watchBus(telemetry, options.wrapBus?.(localBus) ?? localBus);
    const presence = createLocalPresence();
    closers.add("presence", () => presence.close());
    const limits = watchLimits(telemetry, createLocalLimits());
    closers.add("limits", () => limits.close());
    const blobs = options.blobs ?? (await openFolder(join(folder, "files"), closers));
    const tokens = await createTokens(options.keys);
    const guard: Guard = { tokens, limits, rules: options.rules };

    const app = await createApp({ log, telemetry });
    closers.add("http", () => app.close());
    mountHealth(app, { database: () => database.ping(), blobs: () => blobs.ping() });
    mountMetrics(app, telemetry.metrics);
    if (!options.exposeMetrics) keepLocal(app, "/metrics", "/readyz");
    let url = "";
    const publicUrl = () => options.publicUrl || url;
    const links = createMediaLinks({ secrets: [options.mediaSecret], validSeconds: linkSeconds, publicUrl });
    const { roomQuotas } = options;
    await app.register(
      roomsApi({ database, bus, guard, log, telemetry, ...(roomQuotas ? { quotas: roomQuotas } : {}) }),
    );
    await app.register(messagesApi({ database, bus, guard, log, telemetry, links }));
    const scratchDir = join(folder, "uploads");
    const { mediaLimits } = options;
    await app.register(
      mediaService({
        database,
        blobs,
        bus,
        guard,
        log,
        telemetry,
        links,
        scratchDir,
        ...(mediaLimits ? { limits: mediaLimits } : {}),
      }),
    );
    await app.register(stickerService({ database, blobs, bus, guard, log, telemetry, publicUrl }));
    const { gateway = {}, engine = {} } = options;
    await app.register(realtimeGateway({ bus, presence, guard, log, telemetry, gateway, engine }));
    if (options.developmentSignIn) mountDevelopmentSignIn(app, tokens);
    await app.listen({ port: options.port, host: options.host });
    const [address] = app.addresses();
    const port = typeof address === "object" ? address.port : options.port;
    url = `http://localhost:${port}`;
    return { url, tokens, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function temporaryFolder(closers: Closers): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-"));
  closers.add("folder", () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns its address. Without it nothing works any more, so that the process ends as by any other error nobody can handle. */
async function startPostgres({ dataDir, log }: StandaloneOptions, closers: Closers): Promise<string> {
  const onLost = (error: Error): void => {
    throw error;
  };
  const folder = dataDir === undefined ? {} : { folder: join(dataDir, "postgres") };
  const server = await startEmbeddedPostgres({ ...folder, log, onLost });
  closers.add("postgres", () => server.stop());
  return server.url;
}

async function openFolder(folder: string, closers: Closers): Promise<Blobs> {
  const blobs = await openFolderBlobs({ folder });
  closers.add("blobs", () => blobs.close());
  return blobs;
}
