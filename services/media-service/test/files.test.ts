// Files in the store, and what a crash or an outage leaves of them.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Blobs, BlobsUnavailable } from "@khui/blobs";
import { openFolderBlobs } from "@khui/blobs/folder";
import { type Db, sql } from "@khui/database";
import { folderFor } from "@khui/test-kit/files/made-files";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import { ObjectId } from "bson";
import t, { type Test, test } from "tap";
import { schema } from "../src/service.js";
import { createFiles, type SweepTimes } from "../src/store/files.js";
import { beginUpload } from "../src/store/upload-state.js";
import { fakeMessages } from "./fake-messages.js";

const database = await openOwnDatabase(t);
await database.migrate(schema.name, schema.migrations);
const db: Db = database.kysely();

const never: SweepTimes = { intervalMs: 2 ** 30, abandonedMs: 2 ** 30 };
const now: SweepTimes = { intervalMs: 2 ** 30, abandonedMs: 0 };

const unsettled = async () =>
  (await sql<{ file_id: string }>`SELECT file_id FROM media.uploads ORDER BY file_id`.execute(db)).rows.map(
    (row) => row.file_id,
  );

/** A store, a bus with messages-api on it, and files over both; `over` puts something between. */
async function rig(t: Test, times = never, over: (blobs: Blobs) => Partial<Blobs> = () => ({})) {
  await sql`DELETE FROM media.uploads`.execute(db);
  const folder = await folderFor(t);
  const real = await openFolderBlobs({ folder: join(folder.path, "store") });
  const messages = fakeMessages();
  const warnings: unknown[] = [];
  const blobs: Blobs = { ...real, ...over(real) };
  const open = (sweepTimes = times) => {
    const files = createFiles(
      db,
      blobs,
      messages.bus,
      { warn: (fault: unknown) => void warnings.push(fault) },
      sweepTimes,
    );
    t.teardown(() => files.close());
    return files;
  };
  t.teardown(() => messages.close());
  const received = await folder.write("content", "received");
  const inspected = (thumbnail?: string) => ({
    path: received.path,
    facts: { mimeType: "text/plain", size: received.size },
    thumbnail: thumbnail === undefined ? undefined : Buffer.from(thumbnail),
  });
  const stored = async () => (await readdir(join(folder.path, "store", "blobs"))).sort();
  return { files: open(), open, real, messages, warnings, inspected, stored };
}

const named = (...fileIds: string[]) => fileIds.flatMap((id) => [`${id}+file`, `${id}+thumbnail`]).sort();

test("a file is stored with its thumbnail, is unsettled until it is kept, and is removed on request", async (t) => {
  const { files, inspected, stored, real } = await rig(t);
  const fileId = await files.store(inspected("small"));
  t.match(fileId, /^[0-9a-f]{24}$/);
  t.same(await stored(), named(fileId));
  t.match(await real.stat(`${fileId}/file`), { contentType: "text/plain", size: 7 });
  t.match(await real.stat(`${fileId}/thumbnail`), { contentType: "image/webp", size: 5 });
  t.same(await unsettled(), [fileId]);
  await files.keep(fileId);
  t.same(await unsettled(), []);
  const plain = await files.store(inspected());
  await files.keep(plain);
  t.same(await stored(), [...named(fileId), `${plain}+file`].sort());
  await files.remove([fileId, plain]);
  await files.remove([fileId, plain]);
  t.same(await stored(), []);
});

test("a discarded file leaves nothing", async (t) => {
  const { files, inspected, stored } = await rig(t);
  await files.discard(await files.store(inspected("small")));
  t.same([await stored(), await unsettled()], [[], []]);
});

for (const failing of ["file", "thumbnail"]) {
  test(`a store that fails to put the ${failing} leaves nothing`, async (t) => {
    const { files, open, inspected, stored } = await rig(t, never, (real) => ({
      put: async (name, content, type) => {
        if (name.endsWith(failing)) throw new BlobsUnavailable("it failed");
        await real.put(name, content, type);
      },
    }));
    await t.rejects(files.store(inspected("small")), BlobsUnavailable);
    t.same(await stored(), []);
    await open(now).sweep();
    t.same(await unsettled(), []);
  });

  test(`a ${failing} that is stored after its put has failed is removed by the sweep`, async (t) => {
    let late = async () => {};
    const { files, open, inspected, stored } = await rig(t, never, (real) => ({
      put: async (name, content, type) => {
        if (!name.endsWith(failing)) return real.put(name, content, type);
        late = () => real.put(name, content, type);
        throw new BlobsUnavailable("it said nothing");
      },
    }));
    await t.rejects(files.store(inspected("small")), BlobsUnavailable);
    t.same(await stored(), []);
    await late();
    t.equal((await stored()).length, 1);
    await open(now).sweep();
    t.same([await stored(), await unsettled()], [[], []]);
  });

  test(`a ${failing} that is stored although its put has failed is removed by the sweep`, async (t) => {
    let down = false;
    const { files, open, inspected, stored, warnings } = await rig(t, never, (real) => ({
      put: async (name, content, type) => {
        await real.put(name, content, type);
        if (!name.endsWith(failing)) return;
        down = true;
        throw new BlobsUnavailable("the answer was lost");
      },
      remove: async (names) => {
        if (down) throw new BlobsUnavailable("it is down");
        await real.remove(names);
      },
    }));
    await t.rejects(files.store(inspected("small")), BlobsUnavailable);
    t.not((await stored()).length, 0);
    t.equal((await unsettled()).length, 1);
    const sweeper = open(now);
    await sweeper.sweep();
    t.equal((await unsettled()).length, 1, "while it is down, it waits");
    t.equal(warnings.length, 2);
    down = false;
    await sweeper.sweep();
    t.same([await stored(), await unsettled()], [[], []]);
  });
}

test("a file that cannot be read is not an outage, and leaves nothing", async (t) => {
  const { files, inspected, stored } = await rig(t);
  const gone = { ...inspected("small"), path: "/not/there" };
  await t.rejects(files.store(gone), { name: "UnreadableSource" });
  t.same([await stored(), await unsettled()], [[], []]);
});

test("the sweep keeps what messages use and removes the rest, however many", async (t) => {
  const { open, inspected, stored, messages, files } = await rig(t);
  const used = await files.store(inspected("small"));
  const unused = await files.store(inspected("small"));
  const never = Array.from({ length: 250 }, () => new ObjectId().toHexString());
  for (const fileId of never) await beginUpload(db, fileId);
  messages.used.add(used);
  await open(now).sweep();
  t.same(await stored(), named(used), unused);
  t.same(await unsettled(), []);
});

test("the sweep leaves recent uploads alone", async (t) => {
  const { open, files, inspected, stored } = await rig(t);
  const fileId = await files.store(inspected("small"));
  await sql`UPDATE media.uploads SET started_at = clock_timestamp() - interval '50 seconds'`.execute(db);
  await open({ ...now, abandonedMs: 60_000 }).sweep();
  t.same([await stored(), await unsettled()], [named(fileId), [fileId]]);
  await open({ ...now, abandonedMs: 40_000 }).sweep();
  t.same([await stored(), await unsettled()], [[], []]);
});

test("the time until the sweep begins when all objects are stored", async (t) => {
  const { open, files, inspected, stored } = await rig(t, never, (real) => ({
    put: async (name, content, type) => {
      await real.put(name, content, type);
      await sql`UPDATE media.uploads SET started_at = started_at - interval '50 seconds'`.execute(db);
    },
  }));
  const fileId = await files.store(inspected("small"));
  await open({ ...now, abandonedMs: 40_000 }).sweep();
  t.same([await stored(), await unsettled()], [named(fileId), [fileId]]);
});

test("a file that the sweep claims while it is being stored is not sent", async (t) => {
  const { open, files, inspected, stored, messages } = await rig(t, never, (real) => ({
    put: async (name, content, type) => {
      await real.put(name, content, type);
      if (name.endsWith("thumbnail")) await sweepMeanwhile();
    },
  }));
  const sweeper = open(now);
  let sweepMeanwhile = () => sweeper.sweep();
  await t.rejects(files.store(inspected("small")), { code: "service_unavailable" }, "gone");
  t.same([await stored(), await unsettled()], [[], []]);

  // The sweep has claimed it, and not yet removed it.
  let resume = () => {};
  let sweeping = Promise.resolve();
  const waiting = new Promise<void>((resolve) => {
    resume = resolve;
  });
  sweepMeanwhile = () =>
    new Promise((resolve) => {
      messages.beforeAnswer = async () => {
        resolve();
        await waiting;
      };
      sweeping = sweeper.sweep();
    });
  await t.rejects(files.store(inspected("small")), { code: "service_unavailable" }, "about to go");
  resume();
  await sweeping;
  t.same([await stored(), await unsettled()], [[], []]);
});

test("while messages-api is away nothing is settled", async (t) => {
  const { open, files, inspected, stored, messages, warnings } = await rig(t);
  const fileId = await files.store(inspected("small"));
  messages.beforeAnswer = async () => {
    throw new Error("its database is down");
  };
  const sweeper = open(now);
  await sweeper.sweep();
  t.same([await stored(), await unsettled()], [named(fileId), [fileId]]);
  t.equal(warnings.length, 1);
  messages.beforeAnswer = async () => {};
  await sweeper.sweep();
  t.same([await stored(), await unsettled()], [[], []]);
  const other = await files.store(inspected());
  messages.leave();
  await sweeper.sweep();
  t.same(await unsettled(), [other]);
});

test("replicas may sweep at the same time", async (t) => {
  const { open, files, inspected, stored, messages, warnings } = await rig(t);
  const ids = await Promise.all(Array.from({ length: 20 }, () => files.store(inspected("small"))));
  for (const fileId of ids.slice(0, 10)) messages.used.add(fileId);
  const sweepers = [open(now), open(now), open(now)];
  await Promise.all(sweepers.flatMap((sweeper) => [sweeper.sweep(), sweeper.sweep()]));
  t.same([await stored(), await unsettled()], [named(...ids.slice(0, 10)), []]);
  t.same(warnings, []);
});

test("the sweep runs at intervals", async (t) => {
  const { open, files, inspected, messages } = await rig(t);
  const swept = new Promise<readonly string[]>((resolve) => {
    messages.beforeAnswer = async (fileIds) => resolve(fileIds);
  });
  const fileId = await files.store(inspected());
  open({ intervalMs: 5, abandonedMs: 0 });
  t.same(await swept, [fileId]);
});

test("closing waits for the sweep in flight", async (t) => {
  const { open, files, inspected, stored, messages } = await rig(t);
  await files.store(inspected("small"));
  let go = () => {};
  const asked = new Promise<void>((resolve) => {
    messages.beforeAnswer = async () => {
      resolve();
      await new Promise<void>((answer) => {
        go = answer;
      });
    };
  });
  const sweeper = open(now);
  const sweeping = sweeper.sweep();
  await asked;
  const closing = sweeper.close();
  go();
  await closing;
  t.same([await stored(), await unsettled()], [[], []]);
  await sweeping;
});
