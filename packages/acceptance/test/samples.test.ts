// What a client author copies out of the documentation works: every sample is run here or elsewhere, or says why it cannot be run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually, privateRoom, useSystem } from "@khui/test-kit/system";
import type { Socket } from "socket.io-client";
import t, { type Test } from "tap";
import { fence, inRooms, nextOf, openSocket, post, range } from "./socket-scene.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Sample {
  /** Its file, its language, and how many of that language were before it in the file. */
  readonly name: string;
  readonly code: string;
}

const markdownFiles = ["docs", "packages", "services", "deploy"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith(".md") && !/(^|\/)node_modules\//.test(file))
  .concat("README.md", "CONTRIBUTING.md");

const samplesOf = (file: string): Sample[] => {
  const counts = new Map<string, number>();
  const blocks = readFileSync(join(root, file), "utf8").matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, language = "", code = ""]) => {
    const n = counts.get(language) ?? 0;
    counts.set(language, n + 1);
    return { name: `${relative("", file)} ${language} ${n}`, code };
  });
};

const isCode = ({ name }: Sample) => / (js|ts|javascript|typescript|sh|bash|python|java) \d+$/.test(name);
const samples = new Map(
  markdownFiles
    .flatMap(samplesOf)
    .filter(isCode)
    .map(({ name, code }) => [name, code]),
);

/** Those run below have `here`; others name the test that runs them, or the reason why none does. */
const ways: Readonly<Record<string, "here" | { by: string } | { reason: string }>> = {
  "docs/flows/resuming.md js 0": "here",
  "docs/flows/signing-in.md js 0": "here",
  "README.md js 0": { by: "services/standalone/test/start.test.ts" },
  "packages/socketio/README.md js 0": { by: "packages/socketio/test/readme.test.ts" },
  "README.md sh 0": { reason: "starts the system, and this suite" },
  "README.md sh 1": { reason: "installs from a registry" },
  "README.md sh 2": { reason: "needs Docker" },
  "README.md sh 3": { reason: "the suite and the benchmarks, for those who work on it" },
  "packages/acceptance/README.md sh 0": { reason: "this suite" },
  "docs/flows/stickers.md sh 0": { by: "packages/acceptance/test/sticker-import.test.ts" },
  "docs/new-service.md ts 0": { reason: "part of a service that there is not" },
  "docs/new-service.md ts 1": { reason: "part of a service that there is not" },
  "docs/observability.md sh 0": { reason: "searches the logs of an installation" },
  "docs/operations.md sh 0": { reason: "upgrades an installation from an earlier release" },
  "deploy/docker/README.md sh 0": { reason: "needs Docker" },
  "deploy/docker/README.md sh 1": { reason: "needs Docker" },
  "deploy/docker/README.md sh 2": { reason: "needs Docker" },
  "deploy/docker/README.md sh 3": { reason: "needs Docker" },
  "deploy/docker/README.md sh 4": { reason: "needs Docker" },
  "deploy/docker/README.md sh 5": { reason: "needs Docker" },
  "deploy/k8s/README.md sh 0": { reason: "needs a cluster" },
  "deploy/k8s/README.md sh 1": { reason: "needs a cluster" },
};

t.test("every sample of the documentation is run, or says why not", async (t) => {
  t.same([...samples.keys()].sort(), Object.keys(ways).sort(), "add new samples to the list of this file");
  for (const way of Object.values(ways))
    if (typeof way === "object" && "by" in way) t.ok(existsSync(join(root, way.by)), way.by);
});

const system = await useSystem(t);

/** Runs the sample of how a client resumes, and returns the socket that it opens. */
function resumeAsDocumented(t: Test, token: string, chatRoomId: string): Socket {
  const code = samples.get("docs/flows/resuming.md js 0") ?? "";
  const opened: Socket[] = [];
  const io = (url: string, options: object) => {
    const socket = openSocket(t, url, {
      ...options,
      reconnection: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 20,
    });
    opened.push(socket);
    return socket;
  };
  new Function("io", "url", "freshToken", "chatRoomId", code)(io, system.url, async () => token, chatRoomId);
  return opened[0]!;
}

t.test("the sample of signing in signs in, and says why it is refused", async (t) => {
  const code = samples.get("docs/flows/signing-in.md js 0") ?? "";
  const signIn = (token: string) => {
    const errors: unknown[][] = [];
    let socket: Socket | undefined;
    const io = (_: string, options: object) => {
      socket = openSocket(t, system.url, { ...options, reconnection: true });
      return socket;
    };
    new Function("io", "freshToken", "console", code)(io, async () => token, {
      error: (...said: unknown[]) => errors.push(said),
    });
    return { socket: socket!, errors };
  };
  const user = system.newUser();
  const { socket, errors } = signIn(user.token);
  t.match(await nextOf(socket, "authenticated"), { userId: user.id });
  t.same(errors, []);
  const refused = signIn("no token");
  await eventually(() => refused.errors.length > 0);
  t.match(refused.errors, [["invalid_token", /./]]);
  t.notOk(refused.socket.active, "it does not come back by itself");
});

/** Log entries as the socket receives them, and the last of them when it joins. */
function record(socket: Socket): { entries: number[]; joins: Array<{ lastSeq: unknown; known: unknown }> } {
  const recorded = { entries: [] as number[], joins: [] as Array<{ lastSeq: unknown; known: unknown }> };
  let known: number | undefined;
  socket.prependAny((event: string, payload: { seq?: number }) => {
    // The room list shows messages of rooms that the socket has not joined yet.
    if (payload?.seq === undefined || event === "chat_updated") return;
    known = payload.seq;
    if (event !== "joined_chat") recorded.entries.push(payload.seq);
  });
  socket.onAnyOutgoing((event, { lastSeq }) => event === "join_chat" && recorded.joins.push({ lastSeq, known }));
  return recorded;
}

const cut = (socket: Socket) => socket.io.engine.close();

t.test("the sample of resuming loses and repeats nothing, wherever it is cut", async (t) => {
  const [alice, bob] = [system.newUser(), system.newUser()];
  const room = await privateRoom(alice, bob);
  const watcher = await inRooms(alice, room);
  const socket = resumeAsDocumented(t, bob.token, room);
  const { entries, joins } = record(socket);
  const joined = nextOf(socket, "joined_chat");
  await joined;
  let said = 0;
  const say = async (text: string) => {
    await post(alice, room, text);
    said = (await watcher.next("new_message", ({ message }) => message.content === text)).seq;
  };
  /** Says something while the socket is away, and resolves when it is back. */
  const resume = async (text: string) => {
    await say(text);
    await eventually(() => entries.at(-1) === said);
  };

  await t.test("twice in a row", async () => {
    for (const text of ["first", "second"]) {
      cut(socket);
      await resume(text);
    }
  });

  await t.test("while it waits for the answer to its join", async (t) => {
    const sent = new Promise<void>((resolve) => {
      const onSent = (name: string) => {
        if (name !== "join_chat") return;
        socket.offAnyOutgoing(onSent);
        // The event has gone out, and its answer has not come.
        queueMicrotask(() => {
          t.ok(socket.connected);
          cut(socket);
          resolve();
        });
      };
      socket.onAnyOutgoing(onSent);
    });
    cut(socket);
    await sent;
    await resume("cut while it joins");
  });

  await t.test("while it pauses after a refusal", async () => {
    const { emitWithAck } = socket;
    const refused = new Promise<void>((resolve) => {
      socket.emitWithAck = async (event, ...args) => {
        if (event !== "join_chat") return emitWithAck.call(socket, event, ...args);
        socket.emitWithAck = emitWithAck;
        resolve();
        return { success: false, code: "service_unavailable" };
      };
    });
    cut(socket);
    await refused;
    await say("missed");
    cut(socket);
    await resume("missed, too");
    // Timers that began earlier are over when this one is: the sample's pause among them.
    await sleep(1_000);
  });

  const head = await fence(alice, room, watcher);
  await eventually(() => entries.at(-1) === head);
  t.strictSame(entries, range(1, head), "every entry once, in order");
  for (const { lastSeq, known } of joins) t.equal(lastSeq, known, "each join says what came last");
  t.equal(joins.length, 6, "one for each connection, but for the one whose join was refused");
});
