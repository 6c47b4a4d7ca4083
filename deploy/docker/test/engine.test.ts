// The compose file on a real Docker engine, where there is one with the images: brought up, killed one by one, scaled, backed up and restored; nobody misses anything.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@khui/backends/probes";
import { fetchRoom } from "@khui/test-kit/fetch-room";
import { Follower } from "@khui/test-kit/follower";
import { eventually, groupRoom, useSystem } from "@khui/test-kit/system";
import { test } from "tap";
import { compose, filledVariables } from "./compose-file.js";
import { baseImage, createProject, missingEngine } from "./engine.js";
import { serviceNames } from "./environments.js";

const images = Object.values(compose(filledVariables()).services).flatMap(({ image, profiles }) =>
  image && !profiles ? [image] : [],
);
const skip = (await missingEngine([baseImage, ...images])) ?? false;

test("an engine without an image is told from one that has it", async (t) => {
  t.match(await missingEngine(["khui/is-not-there:0.0.0"]), /^not run: .* (khui\/is-not-there:0\.0\.0|with Compose)$/);
});

test("the compose file comes up, and loses nothing when its parts die or are scaled", {
  skip,
  timeout: 2_400_000,
}, async (t) => {
  const secret = randomBytes(32).toString("hex");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const added = [`JWT_SECRET=${secret}`, `EDGE_PORT=127.0.0.1:${port}`, `PUBLIC_URL=${url}`];
  const project = await createProject(`khui-test-${process.pid}`, [...added, "REALTIME_GATEWAY_REPLICAS=3"]);
  t.teardown(() => project.remove());
  const up = (...scales: string[]) =>
    project.compose("up", "--detach", "--wait", ...scales.flatMap((scale) => ["--scale", scale]));
  await project.compose("build");
  await up();

  const system = await useSystem(t, { url, secret });
  const people = [system.newUser("Ann"), system.newUser("Ben"), system.newUser("Cat")] as const;
  const roomId = await groupRoom(people[0], people.slice(1));
  const followers = people.map((user, i) => new Follower(user, url, (["websocket", "plain", "default"] as const)[i]!));
  t.teardown(() => followers.map(({ line }) => line.close()));
  for (const { line } of followers) line.open();
  await Promise.all(followers.map((follower) => follower.enter(roomId)));

  const sent: Array<string | null> = [];
  /** Sends until it is acknowledged, as a client does: with the same id. */
  async function send(content: string): Promise<void> {
    const clientMessageId = randomBytes(12).toString("hex");
    await eventually(
      async () => {
        const { status } = await people[0].post(`/rooms/${roomId}/messages`, {
          type: "text",
          content,
          clientMessageId,
        });
        return status === 201 || status === 200;
      },
      120_000,
      200,
    );
    sent.push(content);
  }
  async function expectAllHere(what: string): Promise<void> {
    for (const follower of followers) {
      await eventually(() => follower.model.messages(roomId).length >= sent.length, 120_000, 100);
      t.same(
        follower.model.messages(roomId).map(({ content }) => content),
        sent,
        `${what}: ${follower.kind} has all, once and in order`,
      );
      t.same(follower.violations, []);
    }
  }

  await send("hello");
  await expectAllHere("at the start");
  t.equal((await project.containers("realtime-gateway")).length, 3);

  const form = new FormData();
  form.append("file", new Blob(["kept in the store"]), "note.txt");
  form.append("type", "file");
  const headers = { authorization: `Bearer ${people[0].token}` };
  const uploaded = await fetch(`${url}/api/v1/chat/rooms/${roomId}/messages/media`, {
    method: "POST",
    headers,
    body: form,
  });
  t.equal(uploaded.status, 201);
  const { data } = (await uploaded.json()) as { data: { content: string | null; mediaInfo: { url: string } } };
  const file = data.mediaInfo.url;
  sent.push(data.content);
  await eventually(async () => (await fetch(file).then((answer) => answer.text())) === "kept in the store");

  for (const service of serviceNames) {
    const [victim = ""] = await project.containers(service);
    // Everything but process 1, which then ends and is started again by the engine.
    await project.docker("exec", victim, "sh", "-c", "kill -KILL -1").catch(() => undefined);
    await send(`${service} is killed`);
    await expectAllHere(`${service} is killed`);
    await eventually(async () => (await project.docker("inspect", "--format", "{{.RestartCount}}", victim)) === "1");
  }
  for (const server of ["postgres", "nats", "redis", "minio", "edge"]) {
    const [victim = ""] = await project.containers(server);
    await project.docker("restart", "--time", "0", victim);
    await send(`${server} is killed`);
    await expectAllHere(`${server} is killed`);
  }
  await eventually(async () => (await fetch(file).then((answer) => answer.text())) === "kept in the store", 60_000);

  await up("realtime-gateway=4", "messages-api=2");
  t.equal((await project.containers("realtime-gateway")).length, 4);
  await send("scaled up");
  await expectAllHere("scaled up");
  await up("realtime-gateway=1", "messages-api=1");
  t.equal((await project.containers("realtime-gateway")).length, 1);
  await send("scaled down");
  await expectAllHere("scaled down");

  const folder = mkdtempSync(join(tmpdir(), "khui-backup-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  await project.script("backup.sh", folder);
  const kept = [...sent];
  await send("after the backup");
  for (const { line } of followers) line.close();
  await t.rejects(project.script("restore.sh", folder), /services are running/);
  await project.compose("down", "--volumes");
  await project.script("restore.sh", folder);
  await t.rejects(project.script("restore.sh", folder), /has data already/);
  await up();
  const contents = async () => (await fetchRoom(people[1], roomId)).messages.map(({ content }) => content);
  await eventually(async () => (await contents()).length > 0);
  t.same(await contents(), kept, "what the backup had is there again");
  t.equal(await (await fetch(file)).text(), "kept in the store");
  await send("goes on");
  await project.compose("down");

  await project.compose("up", "--build", "--detach", "--wait", "small");
  const smallRoom = await groupRoom(people[0], people.slice(1));
  const { status } = await people[0].post(`/rooms/${smallRoom}/messages`, {
    type: "text",
    content: "in one container",
  });
  t.equal(status, 201);
  await project.compose("up", "--detach", "--wait", "--force-recreate", "small");
  const { messages } = await fetchRoom(people[2], smallRoom);
  t.match(messages, [{ content: "in one container" }], "its volume keeps everything");
});
