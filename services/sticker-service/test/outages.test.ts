// While a dependency is down requests fail as such, and they succeed once it is back.
import { BusClosed } from "@khui/bus";
import { archive, filesOf, manifest } from "@khui/test-kit/files/sticker-sets";
import { openOwnDatabase } from "@khui/test-kit/servers/database";
import { test } from "tap";
import { openRig } from "./rig.js";

const down = { status: 503, body: { code: "service_unavailable" } };
const roomId = "0000000000000000000000ff";

test("without its database, the service is unavailable", async (t) => {
  const database = await openOwnDatabase(t);
  const rig = await openRig(t, { database });
  const { _id } = await rig.publish(manifest("gone"));
  const stored = rig.blobs.stored.size;
  await database.close();
  const paths = [
    "/stickers/sets",
    `/stickers/sets/${_id}`,
    `/stickers/sets/${_id}/stickers`,
    "/stickers/my-collections",
  ];
  for (const path of [...paths, "/stickers/search?q=a"]) t.match(await rig.ask("u", "GET", path), down, path);
  t.match(await rig.ask("u", "POST", `/stickers/sets/${_id}/download`), down);
  t.match(await rig.ask("admin", "DELETE", `/stickers/sets/${_id}`), down);
  t.match(await rig.submit(archive(await filesOf(manifest("new")))), down);
  t.ok(rig.blobs.stored.size > stored, "what nobody can look up is not taken away");
});

test("without its blob store, only pictures and publishing are unavailable", async (t) => {
  const rig = await openRig(t);
  const { cover, _id } = await rig.publish(manifest("there"));
  const url = new URL(cover).pathname;
  const files = archive(await filesOf(manifest("later")));
  rig.blobs.failing = () => true;
  t.equal((await rig.app.inject({ url })).statusCode, 503);
  t.match(await rig.submit(files), down);
  t.match(await rig.ask("u", "GET", `/stickers/sets/${_id}`), { status: 200 });
  rig.blobs.failing = () => false;
  t.equal((await rig.app.inject({ url })).statusCode, 200);
  t.match(await rig.submit(files), { status: 201 });
});

test("without messages-api, or without the bus, nothing is sent", async (t) => {
  const rig = await openRig(t);
  const { _id: setId } = await rig.publish(manifest("unsent"));
  const sticker = { setId, stickerId: "a", stickerType: "static" };
  t.match(await rig.ask("u", "POST", `/rooms/${roomId}/messages/sticker`, sticker), down);
  await rig.bus.close();
  t.throws(() => rig.bus.subscribe("any", () => undefined), BusClosed);
  t.match(await rig.ask("u", "POST", `/rooms/${roomId}/messages/sticker`, sticker), down);
});
