// Stock clients of npm, PyPI and Maven, unmodified: each transport, acknowledgements, bytes, and resuming after every cut.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { gateTo } from "@khui/test-kit/gate";
import { eventually, privateRoom, useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { post, range } from "./socket-scene.js";
import { type Command, stockClients } from "./stock-clients.js";

const system = await useSystem(t);

/** What a program prints, see stock-clients/client.mjs. */
interface Line {
  readonly client: "polling" | "websocket" | "default";
  readonly event: "joined" | "message" | "acknowledged" | "transport";
  readonly success?: boolean;
  readonly code?: string;
  readonly seq?: number;
  readonly content?: string;
  readonly name?: string;
}

const clients = ["polling", "websocket", "default"] as const;

/** Starts the program, and collects its lines as they come. */
function start(t: Test, { file, args, environment }: Command, own: Record<string, string>) {
  const lines: Line[] = [];
  const child: ChildProcess = spawn(file, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...environment, ...own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit");
  t.teardown(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  createInterface(child.stdout!).on("line", (line) => lines.push(JSON.parse(line)));
  createInterface(child.stderr!).on("line", (line) => t.comment(line));
  const of = (client: string, event: Line["event"]) =>
    lines.filter((line) => line.client === client && line.event === event);
  return { exit, of };
}

for (const { name, find } of stockClients) {
  t.test(name, async (t) => {
    const command = await find();
    if ("missing" in command) return t.pass("it cannot be run here", { skip: command.missing });
    if (!system.url.startsWith("http:")) return t.pass("it cannot be cut here", { skip: "a gate has no certificate" });
    const [alice, bob] = [system.newUser(), system.newUser()];
    const room = await privateRoom(alice, bob);
    const gate = await gateTo(t, system.url);
    await post(alice, room, "before");
    const { exit, of } = start(t, command, { KHUI_URL: gate.url, KHUI_TOKEN: bob.token, KHUI_ROOM: room });
    const each = (check: (client: (typeof clients)[number]) => unknown) => eventually(() => clients.every(check));
    const joins = (count: number) => each((client) => of(client, "joined").length >= count);
    const tell = async (content: string) => {
      const { body } = await alice.post(`/rooms/${room}/messages`, { type: "text", content });
      await each((client) => of(client, "message").some(({ seq }) => seq === body.data.seq));
      return body.data.seq;
    };
    const transports = async () => {
      await tell("say transport");
      return clients.map((client) => of(client, "transport").at(-1)?.name);
    };
    // A system that is only known by its URL may have gateways behind something that does not route by session.
    const upgraded = process.env.KHUI_TEST_FORM === "remote" ? /polling|websocket/ : /websocket/;
    const settled = () =>
      eventually(
        async () => {
          const [polling, websocket, both = ""] = await transports();
          return polling === "polling" && websocket === "websocket" && upgraded.test(both);
        },
        30_000,
        250,
      );

    await joins(1);
    await settled();
    await tell("send text");
    await each((client) => of(client, "acknowledged").at(-1)?.success === true);
    await tell("send bytes");
    await each((client) => of(client, "acknowledged").length === 2);
    for (const client of clients)
      t.match(of(client, "acknowledged").at(-1), { success: false, code: "invalid_request" }, "bytes are no text");

    for (const cut of [1, 2]) {
      await gate.shut();
      await post(alice, room, `missed ${cut}`);
      await gate.open();
      await joins(1 + cut);
      await tell(`cut ${cut}`);
    }
    await settled();
    const head = await tell("leave");
    t.same(await exit, [0, null]);
    for (const client of clients)
      t.same(
        of(client, "message").map(({ seq }) => seq),
        range(1, head),
        `${client}: every message once, in order`,
      );
  });
}
