// A PGlite folder whose writes reach the disk when Postgres asks for it, as on a server.
import { fstatSync, fsyncSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type Init = NodeFS["init"];

/** WASI's errno for EIO, on which Postgres stops rather than believe that a write is safe. */
const EIO = 29;

/**
 * PGlite's own folders ignore fsync, so that a power cut may damage the database as a whole. This one passes it on.
 * To be used with `syncedStart`.
 */
export class SyncedFolder extends NodeFS {
  override async init(...[engine, options]: Parameters<Init>): ReturnType<Init> {
    const { emscriptenOpts } = await super.init(engine, options);
    const preRun = [emscriptenOpts.preRun ?? []].flat();
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, passOnFsync] } };
  }
}

/** PGlite's own start parameters without "fsync off", and with the one sync call that reaches a `SyncedFolder`. */
export const syncedStart = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  "-c",
  "wal_sync_method=fsync",
];

/** Gives Emscripten's folder the operation that it lacks. @see https://emscripten.org/docs/api_reference/Filesystem-API.html */
function passOnFsync(module: object): void {
  const operations: unknown = Reflect.get(Object(Reflect.get(module, "NODEFS")), "stream_ops");
  if (typeof operations !== "object" || operations === null) throw new Error("PGlite has no folder to sync");
  Reflect.set(operations, "fsync", (stream: { nfd: number }) => sync(stream.nfd));
}

function sync(descriptor: number): number {
  try {
    fsyncSync(descriptor);
    return 0;
  } catch {
    // Some systems cannot sync a directory, which Postgres itself forgives.
    return fstatSync(descriptor).isDirectory() ? 0 : EIO;
  }
}
