// A dump of an empty PGlite database, kept in a file: loading one is several times faster than making a database.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";

/**
 * Reads the template kept at `path`, or makes one and keeps it. PGlite's version is added to the file's name, since a
 * data folder belongs to a version. The file appears whole or not at all, so that processes may race for it; it takes
 * 40 MB, uncompressed because unpacking costs more than reading.
 */
export async function cachedTemplate(path: string): Promise<Blob> {
  const file = `${path}.${await pgliteVersion()}`;
  try {
    return new Blob([await readFile(file)]);
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, "code") !== "ENOENT") throw error;
  }
  const template = await emptyDatabase();
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${randomUUID()}`;
  try {
    await writeFile(partial, Buffer.from(await template.arrayBuffer()));
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return template;
}

async function emptyDatabase(): Promise<Blob> {
  const engine = await PGlite.create();
  try {
    await engine.exec("checkpoint");
    return await engine.dumpDataDir("none");
  } finally {
    await engine.close();
  }
}

async function pgliteVersion(): Promise<string> {
  const manifest = new URL("../package.json", import.meta.resolve("@electric-sql/pglite"));
  const { version }: { version?: unknown } = JSON.parse(await readFile(fileURLToPath(manifest), "utf8"));
  if (typeof version !== "string") throw new Error(`${manifest.href} tells no version`);
  return version;
}
