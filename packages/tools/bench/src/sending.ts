// Sends messages: as fast as the answers come, or at a steady rate.
import { type HttpConnection, openConnection, requestText } from "./http-connection.js";

export interface Target {
  readonly roomId: string;
  readonly tokens: readonly string[];
}

export interface SendPlan {
  readonly url: string;
  readonly targets: readonly Target[];
  readonly connections: number;
  readonly seconds: number;
  /** Messages a second; without, each connection sends again as soon as it is answered. */
  readonly rate?: number | undefined;
  /** Begins the content of each message; the message's number follows. */
  readonly label: string;
}

export interface Sent {
  readonly acknowledged: number;
  readonly failed: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Milliseconds from each request's due time to its answer, of those acknowledged. */
  readonly latencies: number[];
}

/** As long as a usual chat message. */
const filler = " the quick brown fox jumps over the lazy dog";

/** `onSend` gets each message's content when it is due, before it is sent. */
export async function sendMessages(plan: SendPlan, onSend: (content: string) => void): Promise<Sent> {
  const connections = await Promise.all(Array.from({ length: plan.connections }, () => openConnection(plan.url)));
  const latencies: number[] = [];
  let failed = 0;
  let numbered = 0;
  const started = performance.now();
  const end = started + plan.seconds * 1000;

  const sendOne = async (connection: HttpConnection, due: number, content: string): Promise<void> => {
    const { roomId, tokens } = pick(plan.targets);
    const body = JSON.stringify({ content });
    const request = requestText("POST", `/api/v1/chat/rooms/${roomId}/messages`, pick(tokens), body);
    const { status } = await connection.ask(request);
    if (status === 201) latencies.push(performance.now() - due);
    else failed++;
  };
  const next = (): string => {
    const content = `${plan.label}${numbered++}${filler}`;
    onSend(content);
    return content;
  };

  const { rate } = plan;
  try {
    if (rate === undefined) {
      await Promise.all(
        connections.map(async (connection) => {
          while (performance.now() < end) await sendOne(connection, performance.now(), next());
        }),
      );
    } else {
      await steadily(connections, rate, plan.seconds, () => {
        const content = next();
        const due = performance.now();
        return (connection) => sendOne(connection, due, content);
      });
    }
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - started) / 1000;
  return { acknowledged: latencies.length, failed, seconds, latencies };
}

type Job = (connection: HttpConnection) => Promise<void>;

/** Makes jobs at the rate until the end, whether earlier ones are done or not; a free connection takes the oldest. */
function steadily(
  connections: readonly HttpConnection[],
  rate: number,
  seconds: number,
  make: () => Job,
): Promise<void> {
  const started = performance.now();
  const end = started + seconds * 1000;
  const free = [...connections];
  const waiting: Job[] = [];
  let made = 0;
  let done = 0;
  let over = false;
  return new Promise((resolve, reject) => {
    const work = async (connection: HttpConnection, first: Job): Promise<void> => {
      for (let job: Job | undefined = first; job; job = waiting.shift()) {
        await job(connection);
        done++;
      }
      free.push(connection);
      if (over && done === made) resolve();
    };
    const timer = setInterval(() => {
      const now = Math.min(performance.now(), end);
      // Rounded, since the last one is due at the very end.
      for (const due = Math.floor(((now - started) / 1000) * rate + 1e-6); made < due; made++) {
        const job = make();
        const connection = free.pop();
        if (connection) work(connection, job).catch(reject);
        else waiting.push(job);
      }
      if (now < end) return;
      clearInterval(timer);
      over = true;
      if (done === made) resolve();
    }, 1);
  });
}

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
