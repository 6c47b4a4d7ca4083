// A client that follows rooms across lost connections, as docs/flows/resuming.md describes, and records every violation of the protocol.
import { setTimeout as sleep } from "node:timers/promises";
import type { Acknowledgement } from "@khui/contracts";
import { ClientModel, type FetchedRoom } from "./client-model.js";
import { eventViolation } from "./event-check.js";
import { fetchRoom } from "./fetch-room.js";
import type { Line, LineKind } from "./line.js";
import { plainLine } from "./plain-line.js";
import { socketIoLine } from "./socketio-line.js";
import type { User } from "./user.js";

/** Refusals while a part of the system is down. */
const temporary: ReadonlySet<string> = new Set([
  "service_unavailable",
  "rate_limited",
  "internal_error",
  "unauthorized",
]);
const retryMs = 200;
/** After one hole every later entry is a violation: the first few show what happened. */
const maxViolations = 10;

interface Payload {
  readonly chatRoomId?: string;
  readonly seq?: number;
  readonly epoch?: string;
  readonly userId?: string;
}

export class Follower {
  readonly model: ClientModel;
  readonly line: Line;
  /** Violations of the protocol: unexpected or invalid events. */
  readonly violations: string[] = [];
  /** Rooms that it has joined, and joins again on every connection. */
  readonly rooms = new Set<string>();
  /** Rooms that it was removed from. */
  readonly left = new Set<string>();
  /** Log entries received, and connections on which it joined all its rooms again. */
  readonly counts = { entries: 0, resumes: 0 };
  readonly #epochs = new Map<string, string>();
  #readyOn: string | undefined;

  constructor(
    readonly user: User,
    url: string,
    readonly kind: LineKind,
    private readonly onEntry: () => void = () => {},
  ) {
    this.model = new ClientModel(user.id);
    const onEvent = (event: string, args: readonly unknown[]) => this.#take(event, args);
    const events = { onOpen: () => void this.#resume(), onEvent };
    this.line = kind === "plain" ? plainLine(url, events) : socketIoLine(url, kind, events);
  }

  /** Whether it is authenticated on its present connection, and has joined all rooms. */
  get isBack(): boolean {
    return this.line.connection !== undefined && this.line.connection === this.#readyOn;
  }

  /** Fetches a room and follows it from there. Resolves when it has joined, after any number of tries, or is aborted. */
  async enter(roomId: string, givenUp?: AbortSignal): Promise<void> {
    let fetched: FetchedRoom | undefined;
    while (!fetched) {
      if (givenUp?.aborted) return;
      fetched = await fetchRoom(this.user, roomId).catch(() => sleep(retryMs, undefined));
    }
    // Entries written between the two requests are sent again, which is harmless.
    this.model.load({ ...fetched, seq: fetched.room.seq });
    this.rooms.add(roomId);
    while (!givenUp?.aborted) {
      const { connection } = this.line;
      if (this.isBack && connection !== undefined && (await this.#join(roomId, connection))) return;
      if (this.left.has(roomId)) return;
      await sleep(retryMs);
    }
  }

  /**
   * Refreshes a room's read marks and deliveries, which have no number and may have been missed. Rejects before it is back:
   * a first join without a number would start at the room's head, and what was missed would never arrive.
   */
  async reread(roomId: string): Promise<void> {
    if (!this.isBack) throw new Error("not back in its rooms");
    const answer = await this.line.ask("join_chat", { chatRoomId: roomId });
    if (!answer.success) throw new Error(`join_chat again was refused: ${answer.code}`);
  }

  /** Applies its user's own successful hiding of a message: this device gets no event. */
  hide(roomId: string, messageId: string): void {
    const payload = { chatRoomId: roomId, messageId, deleteFor: "sender", deletedBy: this.user.id };
    this.model.applyEvent("message_deleted", payload);
  }

  async #resume(): Promise<void> {
    const { connection } = this.line;
    if (connection === undefined || !(await this.#signIn(connection))) return;
    const joined = await Promise.all([...this.rooms].map((roomId) => this.#join(roomId, connection)));
    if (this.line.connection !== connection || joined.includes(false)) return;
    if (this.#readyOn !== undefined) this.counts.resumes++;
    this.#readyOn = connection;
  }

  #signIn(connection: string): Promise<boolean> {
    const { id: userId, token } = this.user;
    return this.#insist(connection, "authenticate", () => ({ token, userId }));
  }

  async #join(roomId: string, connection: string): Promise<boolean> {
    const input = () => ({
      chatRoomId: roomId,
      lastSeq: this.model.seq(roomId),
      epoch: this.#epochs.get(roomId) ?? null,
    });
    return this.#insist(connection, "join_chat", input, (code) => {
      if (code !== "not_a_participant") return false;
      this.rooms.delete(roomId);
      this.left.add(roomId);
      return true;
    });
  }

  /** Retries while this connection lasts and refusals are temporary. A refusal for which `isFinal` is true counts as success. */
  async #insist(
    connection: string,
    event: string,
    payload: () => object,
    isFinal: (code: string) => boolean = () => false,
  ): Promise<boolean> {
    while (this.line.connection === connection) {
      const answer: Acknowledgement | null = await this.line.ask(event, payload()).catch(() => null);
      if (answer?.success) return true;
      if (answer && isFinal(answer.code)) return true;
      if (answer && !temporary.has(answer.code)) {
        this.#report(`${event} was refused: ${answer.code}`);
        return false;
      }
      await sleep(retryMs);
    }
    return false;
  }

  #take(event: string, args: readonly unknown[]): void {
    const broken = eventViolation(event, args);
    if (broken !== undefined) this.#report(broken);
    const payload = (args[0] ?? {}) as Payload;
    const { chatRoomId: roomId, seq, epoch } = payload;
    if (event === "resync_required") this.#report(`resync_required in ${roomId}`);
    if (roomId === undefined || event === "chat_updated") return;
    if (epoch !== undefined) this.#epochs.set(roomId, epoch);
    const logged = seq !== undefined && event !== "joined_chat";
    if (this.left.has(roomId) || !this.model.has(roomId)) {
      if (logged) this.#report(`${event} ${seq} of ${roomId}, where it is not`);
      return;
    }
    try {
      this.model.applyEvent(event, payload);
      const there = this.model.seq(roomId);
      if (event === "joined_chat" && seq !== there) this.#report(`joined_chat ${seq} of ${roomId} at ${there}`);
    } catch (error) {
      this.#report(`${error instanceof Error ? error.message : error} (${seq} at ${this.model.seq(roomId)})`);
    }
    if (logged) {
      this.counts.entries++;
      this.onEntry();
    }
    if (event === "user_left_chat" && logged && payload.userId === this.user.id) {
      this.rooms.delete(roomId);
      this.left.add(roomId);
    }
  }

  #report(text: string): void {
    if (this.violations.length < maxViolations) this.violations.push(text);
  }
}
