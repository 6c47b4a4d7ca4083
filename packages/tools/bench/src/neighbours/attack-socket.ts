// An attacker's socket: authenticated, with as many questions in flight as it likes.
import { setTimeout as sleep } from "node:timers/promises";
import { FrameSocket } from "../frame-socket.js";
import { socketIoPath } from "../live-socket.js";
import type { Turn } from "./attacks.js";

const answerMs = 10_000;
const pauseMs = 250;

export class AttackSocket {
  readonly #socket: FrameSocket;
  readonly #asked = new Map<number, (code: string | undefined) => void>();
  #next = 0;
  #onReady: (isConnected: boolean) => void = () => {};

  private constructor(url: string, onEnd: () => void) {
    this.#socket = new FrameSocket(
      { url, path: socketIoPath },
      {
        onText: (data, start, end) => this.#onText(data.toString("latin1", start, Math.min(end, start + 200))),
        onEnd: () => {
          onEnd();
          this.#finish();
        },
      },
    );
  }

  /** Undefined, after a pause, when it is refused. */
  static async open(
    { stage, account }: Pick<Turn, "stage" | "account">,
    counts: { closed: number },
  ): Promise<AttackSocket | undefined> {
    const socket = new AttackSocket(stage.url, () => counts.closed++);
    const connected = await new Promise<boolean>((resolve) => {
      socket.#onReady = resolve;
    });
    const code = connected ? await socket.ask("authenticate", { token: account.token }) : undefined;
    if (code === "") return socket;
    socket.close();
    await sleep(pauseMs);
    return undefined;
  }

  get isClosed(): boolean {
    return this.#socket.isClosed;
  }

  /** Resolves with the code of the refusal, "" when it succeeds, and undefined without an answer. */
  ask(event: string, payload: unknown): Promise<string | undefined> {
    if (this.isClosed) return Promise.resolve(undefined);
    const id = this.#next++;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#answer(id, undefined), answerMs);
      this.#asked.set(id, (code) => {
        clearTimeout(late);
        resolve(code);
      });
      this.send(`42${id}${JSON.stringify([event, payload])}`);
    });
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.close();
    this.#finish();
  }

  #finish(): void {
    this.#onReady(false);
    for (const id of this.#asked.keys()) this.#answer(id, undefined);
  }

  #answer(id: number, code: string | undefined): void {
    this.#asked.get(id)?.(code);
    this.#asked.delete(id);
  }

  #onText(head: string): void {
    if (head === "2") this.send("3");
    else if (head.startsWith("0")) this.send("40");
    else if (head.startsWith("40")) this.#onReady(true);
    const [, id, refused] = /^43(\d+)\[\{"success":(?:true|false,"code":"(\w+)")/.exec(head) ?? [];
    if (id !== undefined) this.#answer(Number(id), refused ?? "");
  }
}
