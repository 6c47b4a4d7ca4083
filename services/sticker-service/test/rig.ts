// The service as an app of its own, on embedded adapters, with users who send it requests.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import type { StickerManifest, StickerSetManifest } from "@khui/contracts";
import type { Database } from "@khui/database";
import { createLocalLimits } from "@khui/limits/local";
import { settingsOf, startServices, withOptions } from "@khui/service";
import { createClosers, createLogger, readEnvironment } from "@khui/service/process";
import { unobserved } from "@khui/service/telemetry";
import { archive, type Files, filesOf } from "@khui/test-kit/files/sticker-sets";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import type { TestFile } from "@khui/test-kit/test-file";
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { stickerService } from "../src/service.js";
import { type MemoryBlobs, memoryBlobs } from "./memory-blobs.js";

const silentLog = createLogger({ name: "test", level: "silent" });

export async function emptyFolder(t: TestFile): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-stickers-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An answer as clients get it. */
export interface Answer {
  readonly status: number;
  // The schemas of the contracts say what is in it; tests look at what they are about.
  readonly body: { readonly code?: string; readonly message?: string; readonly [field: string]: unknown };
}

export interface Rig {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly bus: Bus;
  readonly blobs: MemoryBlobs;
  readonly database: Database;
  /** How many requests have reached their handler. */
  handled(): number;
  /** Headers that authenticate a user. */
  sign(userId: string, admin?: boolean): Record<string, string>;
  /** Sends a request below /api/v1/chat as a user. */
  ask(userId: string, method: "GET" | "POST" | "PUT" | "DELETE", path: string, payload?: object): Promise<Answer>;
  /** Sends an archive as an administrator: a new set, or the one of `setId`. */
  submit(content: Buffer, setId?: string): Promise<Answer>;
  /** Publishes a set, with pictures of its own unless files are given, and fails when that does. */
  publish(content: StickerManifest, files?: Files): Promise<StickerSetManifest>;
}

export interface RigOptions {
  readonly database?: Database;
  readonly blobs?: MemoryBlobs;
  readonly starterFolder?: string;
}

/** Starts the service with no starter sets unless a folder is given. All of it ends with the test. */
export async function openRig(t: TestFile, options: RigOptions = {}): Promise<Rig> {
  const database = options.database ?? (await openOwnDatabase(t));
  const blobs = options.blobs ?? memoryBlobs();
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const limits = createLocalLimits();
  t.teardown(() => limits.close());
  let handled = 0;
  const starterFolder = options.starterFolder ?? (await emptyFolder(t));
  const service = withOptions(stickerService, starterFolder);
  const closers = createClosers(silentLog);
  t.teardown(() => closers.close());
  let app!: FastifyInstance;
  const { url, tokens } = await startServices([service], {
    env: readEnvironment(Type.Object(settingsOf([service])), {
      JWT_SECRET: "a secret of decent length",
      LIMIT_PER_ADDRESS: "100000",
      LIMIT_PER_USER: "100000",
      PUBLIC_URL: "https://chat.example",
      PORT: "0",
      HOST: "127.0.0.1",
    }),
    ports: { database, bus, limits, blobs },
    telemetry: unobserved(silentLog),
    closers,
    trustProxy: false,
    extend(own) {
      app = own;
      own.addHook("preHandler", async () => {
        handled++;
      });
    },
  });

  const sign = (userId: string, admin = false) => ({
    authorization: `Bearer ${tokens.sign({ sub: userId, ...(admin ? { scope: "chat:admin" } : {}) }, 600)}`,
    "accept-language": "en",
  });
  const rig: Rig = {
    app,
    url,
    bus,
    blobs,
    database,
    handled: () => handled,
    sign,
    async ask(userId, method, path, payload) {
      const url = `/api/v1/chat${path}`;
      const headers = sign(userId, userId === "admin");
      const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
      return { status: answer.statusCode, body: answer.json() };
    },
    async submit(content, setId) {
      const form = new FormData();
      form.set("file", new Blob([new Uint8Array(content)]), "set.zip");
      const answer = await fetch(`${url}/api/v1/chat/stickers/sets${setId ? `/${setId}` : ""}`, {
        method: setId ? "PUT" : "POST",
        headers: sign("admin", true),
        body: form,
      });
      return { status: answer.status, body: (await answer.json()) as Answer["body"] };
    },
    async publish(content, files) {
      const { status, body } = await rig.submit(archive(files ?? (await filesOf(content))));
      if (status !== 200 && status !== 201) throw new Error(JSON.stringify(body));
      return body.data as StickerSetManifest;
    },
  };
  return rig;
}

/** The issues of a refusal, as `path: message`. */
export function issuesOf(body: Answer["body"]): string[] {
  const { faults = [] } = (body.details ?? {}) as { faults?: Array<{ path: string; message: string }> };
  return faults.map(({ path, message }) => `${path}: ${message}`);
}
