// The attackers' process: each account asks as fast as it is answered, on several connections, until the time is over.
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { type HttpConnection, openConnection, requestText } from "../http-connection.js";
import { serveTasks, sharedNow } from "../worker.js";
import { AttackSocket } from "./attack-socket.js";
import type { AttackResult, AttackTask } from "./attack-tasks.js";
import {
  type ConnectionAttack,
  type EventAttack,
  eventAttacks,
  moreEventAttacks,
  type RestAttack,
  restAttacks,
  type Turn,
} from "./attacks.js";

const [restConnections, sockets, eventsAtOnce] = [8, 4, 16];
/** After an answer that says it was too much. */
const pauseMs = 250;
/** 49 million pixels. */
const pictureSide = 7_000;

type Counts = { -readonly [Name in "requests" | "limited" | "failed" | "closed"]: number };
type Attacker = Omit<Turn, "n">;
interface Siege {
  readonly counts: Counts;
  /** Another number each time. */
  next(): number;
  isOver(): boolean;
}
/** Prepares a connection; what it resolves with attacks until the time is over. */
type Work = (attacker: Attacker, siege: Siege) => Promise<() => Promise<void>>;

let picture: Promise<Blob> | undefined;
let counts: Counts;
let endsAt = 0;
let prepared: Array<() => Promise<void>> = [];

async function work(task: AttackTask): Promise<AttackResult> {
  const startedAt = sharedNow();
  if (task.task === "prepare") {
    picture ??= makePicture();
    const blob = await picture;
    counts = { requests: 0, limited: 0, failed: 0, closed: 0 };
    endsAt = Number.POSITIVE_INFINITY;
    const [connections, prepare] = workOf(task.attack);
    const preparing = task.accounts.flatMap((account) => {
      let n = 0;
      const siege = { counts, next: () => n++, isOver: () => sharedNow() >= endsAt };
      return Array.from({ length: connections }, () => prepare({ stage: task.stage, account, picture: blob }, siege));
    });
    prepared = await Promise.all(preparing);
  } else {
    endsAt = startedAt + task.seconds * 1_000;
    await Promise.all(prepared.map((attack) => attack()));
  }
  return { startedAt, endedAt: sharedNow(), ...counts };
}

function makePicture(): Promise<Blob> {
  const image = sharp({ create: { width: pictureSide, height: pictureSide, channels: 3, background: "red" } });
  return image
    .png()
    .toBuffer()
    .then((bytes) => new Blob([bytes]));
}

/** How many connections an account has, and what happens on each. */
function workOf(attack: string): [number, Work] {
  if (attack in restAttacks) return [restConnections, overRest(restAttacks[attack as keyof typeof restAttacks])];
  if (attack in eventAttacks) return [sockets, overSocket(eventAttacks[attack as keyof typeof eventAttacks], attack)];
  if (attack in moreEventAttacks) {
    const more = moreEventAttacks[attack as keyof typeof moreEventAttacks];
    return [sockets, overSocket(more, more.event)];
  }
  return [sockets, connectionWork[attack as ConnectionAttack]];
}

function overRest(attack: RestAttack): Work {
  return async (attacker, { counts, next, isOver }) => {
    const { url } = attacker.stage;
    const { token } = attacker.account;
    let connection: HttpConnection | undefined;
    const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
      if (isOver()) return undefined;
      let answer: { status: number; body: Buffer };
      try {
        if (body instanceof FormData) answer = await postForm(`${url}/api/v1/chat${path}`, method, token, body);
        else {
          connection ??= await openConnection(url);
          const json = body && JSON.stringify(body);
          answer = await connection.ask(requestText(method, `/api/v1/chat${path}`, token, json));
        }
      } catch {
        connection = undefined;
        counts.closed++;
        await sleep(pauseMs);
        return undefined;
      }
      if (answer.status === 429) counts.limited++;
      else counts.requests++;
      if (answer.status >= 500) counts.failed++;
      if (answer.status === 429) await sleep(pauseMs);
      return answer.status < 300 ? JSON.parse(String(answer.body)) : undefined;
    };
    return async () => {
      while (!isOver()) await attack(ask, { ...attacker, n: next() });
      connection?.close();
    };
  };
}

async function postForm(url: string, method: string, token: string, body: FormData) {
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}` }, body });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

function overSocket({ rooms, payload }: EventAttack, event: string): Work {
  return async (attacker, { counts, next, isOver }) => {
    const open = async (): Promise<AttackSocket | undefined> => {
      const socket = await AttackSocket.open(attacker, counts);
      for (const chatRoomId of rooms?.(attacker) ?? []) await socket?.ask("join_chat", { chatRoomId });
      return socket;
    };
    let socket = await open();
    const ask = async (): Promise<void> => {
      while (!isOver() && socket && !socket.isClosed) {
        const code = await socket.ask(event, payload({ ...attacker, n: next() }));
        if (code === undefined) continue;
        if (code === "rate_limited") counts.limited++;
        else counts.requests++;
        if (code === "internal_error" || code === "service_unavailable") counts.failed++;
        if (code === "rate_limited") await sleep(pauseMs);
      }
    };
    return async () => {
      while (!isOver()) {
        if (!socket || socket.isClosed) socket = await open();
        await Promise.all(Array.from({ length: eventsAtOnce }, ask));
      }
      socket?.close();
    };
  };
}

/** The socket is what the attack consists in: nothing is prepared. */
const onConnections =
  (attack: (attacker: Attacker, siege: Siege) => Promise<void>): Work =>
  async (attacker, siege) =>
  async () => {
    while (!siege.isOver()) await attack(attacker, siege);
  };

const connectionWork: Readonly<Record<ConnectionAttack, Work>> = {
  "unread resume": onConnections(async (attacker, { counts }) => {
    const socket = await AttackSocket.open(attacker, counts);
    if (!socket) return;
    void socket.ask("join_chat", { chatRoomId: attacker.stage.square, lastSeq: 0 });
    socket.pause();
    counts.requests++;
    await sleep(1_000);
    socket.close();
  }),
  "junk frames": onConnections(async (attacker, { counts, next, isOver }) => {
    const socket = await AttackSocket.open(attacker, counts);
    while (socket && !isOver() && !socket.isClosed) {
      // Right in form, as large as may be, and of no use; the last of each ten is none at all.
      socket.send(next() % 10 === 9 ? "junk" : `42${JSON.stringify(["no such event", "[".repeat(200_000)])}`);
      counts.requests++;
      await sleep(5);
    }
    socket?.close();
  }),
  "coming and going": onConnections(async (attacker, { counts }) => {
    const socket = await AttackSocket.open(attacker, counts);
    if (socket) counts.requests++;
    socket?.close();
  }),
  handshakes: onConnections(async ({ stage }, { counts }) => {
    const answer = await fetch(`${stage.url}/socket.io/?EIO=4&transport=polling`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) counts.requests++;
    else counts.limited++;
    if (answer?.status !== 200) await sleep(pauseMs);
  }),
};

serveTasks(work);
