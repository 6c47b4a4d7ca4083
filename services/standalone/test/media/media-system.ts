// The whole system in this process, with a blob store that tests inspect, and a store and a bus that they can make fail.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs } from "@khui/blobs";
import { openFolderBlobs } from "@khui/blobs/folder";
import { connectS3Blobs } from "@khui/blobs/s3";
import type { Bus, BusMessage } from "@khui/bus";
import { mediaService } from "@khui/media-service";
import type { MediaLimits } from "@khui/media-service/internal/limits";
import { withOptions } from "@khui/service";
import { createLogger } from "@khui/service/process";
import { unobserved } from "@khui/service/telemetry";
import { gateTo } from "@khui/test-kit/gate";
import { ownDatabase } from "@khui/test-kit/servers/database";
import { startS3Server } from "@khui/test-kit/servers/s3";
import { type System, useSystem } from "@khui/test-kit/system";
import type { Test } from "tap";
import { type Embedded, startEmbedded } from "../../src/app.js";
import { services } from "../../src/services.js";
import { settle } from "./settling.js";

export const stores = ["folder", "S3"] as const;
export type StoreKind = (typeof stores)[number];

/** What tests put in the way; undefined lets everything through. */
export interface Faults {
  put: ((name: string, forward: () => Promise<void>) => Promise<void>) | undefined;
  read: ((name: string) => Promise<void>) | undefined;
  request: ((subject: string, forward: () => Promise<BusMessage>) => Promise<BusMessage>) | undefined;
}

export interface MediaSystem extends System {
  readonly faults: Faults;
  /** Every name that was ever put for an upload, and is there. */
  stored(): Promise<string[]>;
  /** What is in the folder for files on their way in. */
  scratch(): Promise<string[]>;
  readonly store: Breakable;
  /** Ends the system, then does what a later sweep would; returns the ids of the files that were not settled before. */
  end(): Promise<string[]>;
}

interface Breakable {
  readonly blobs: Blobs;
  /** As if it were gone. */
  breakDown(): Promise<void>;
  repair(): Promise<void>;
  /** As if it did not answer; not all can. */
  readonly hang?: () => void;
}

/** Beside them the store has the pictures of stickers. */
const ofUploads = /^[0-9a-f]{24}\//;

const unlimited = "1000000000";

/** Starts the system on a store of that kind; all ends with `t`. */
export async function mediaSystem(t: Test, kind: StoreKind, limits: Partial<MediaLimits> = {}): Promise<MediaSystem> {
  const folder = await mkdtemp(join(tmpdir(), "khui-media-system-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const store = kind === "folder" ? await folderStore(t, join(folder, "files")) : await s3Store(t);
  const faults: Faults = { put: undefined, read: undefined, request: undefined };
  const names = new Set<string>();
  const dataDir = join(folder, "data");
  const secret = randomBytes(16).toString("hex");
  const postgresUrl = await ownDatabase(t);
  const limited = withOptions(mediaService, limits);
  const standalone = await startEmbedded(
    services.map((service) => (service.name === limited.name ? limited : service)),
    {
      dataDir,
      postgresUrl,
      environment: {
        JWT_SECRET: secret,
        MEDIA_URL_SECRET: "a secret of the media tests",
        LIMIT_PER_ADDRESS: unlimited,
        LIMIT_PER_USER: unlimited,
        LIMIT_ROOMS_CREATED: unlimited,
        LIMIT_PEOPLE_ADDED: unlimited,
        PORT: "0",
        HOST: "127.0.0.1",
      },
      telemetry: unobserved(createLogger({ name: "media", level: process.env.LOG_LEVEL ?? "silent" })),
      blobs: observed(store.blobs, names, faults),
      wrapBus: (bus) => faulty(bus, faults),
    },
  );
  const close = once(standalone);
  t.teardown(close);
  const system = await useSystem(t, { url: standalone.url, secret });
  return {
    ...system,
    faults,
    store,
    async stored() {
      const found = await Promise.all([...names].map(async (name) => ((await store.blobs.stat(name)) ? [name] : [])));
      return found.flat().sort();
    },
    scratch: () => readdir(join(dataDir, "uploads")),
    async end() {
      await close();
      return settle(postgresUrl, store.blobs);
    },
  };
}

function once(standalone: Embedded): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= standalone.close();
    return closing;
  };
}

function observed(blobs: Blobs, names: Set<string>, faults: Faults): Blobs {
  return {
    ...blobs,
    put(name, content, contentType) {
      if (ofUploads.test(name)) names.add(name);
      const forward = () => blobs.put(name, content, contentType);
      return faults.put ? faults.put(name, forward) : forward();
    },
    async read(name, range) {
      await faults.read?.(name);
      return blobs.read(name, range);
    },
  };
}

function faulty(bus: Bus, faults: Faults): Bus {
  const request: Bus["request"] = (subject, data, options) => {
    const forward = () => bus.request(subject, data, options);
    return faults.request ? faults.request(subject, forward) : forward();
  };
  // A derived object keeps getters such as `connected` alive.
  return Object.create(bus, { request: { value: request } }) as Bus;
}

async function folderStore(t: Test, folder: string): Promise<Breakable> {
  const blobs = await openFolderBlobs({ folder });
  t.teardown(() => blobs.close());
  const [here, away] = [join(folder, "incoming"), join(folder, "away")];
  return { blobs, breakDown: () => rename(here, away), repair: () => rename(away, here) };
}

async function s3Store(t: Test): Promise<Breakable> {
  const server = await startS3Server();
  t.teardown(() => server.close());
  const gate = await gateTo(t, server.url);
  const { accessKey, secretKey } = server;
  const blobs = connectS3Blobs({ endPoint: gate.url, accessKey, secretKey, bucket: "media", silenceMs: 5_000 });
  t.teardown(() => blobs.close());
  return { blobs, breakDown: () => gate.shut(), repair: () => gate.open(), hang: () => gate.hold() };
}
