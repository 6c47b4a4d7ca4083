// A client as docs/flows/resuming.md has it, which checks that what it gets is what it was promised.
import type { Acknowledgement } from "@khui/contracts";
import type { Frame, SimulatedConnection } from "./connection.js";
import type { RoomLog, SimulatedBody } from "./room-log.js";
import type { Machine, Scheduler } from "./scheduler.js";

export interface ClientRoom {
  readonly log: RoomLog;
  /** The user wants it on the screen. */
  wanted: boolean;
  /** How far the client got; undefined before it has been in the room. */
  lastSeq: number | undefined;
  /** On this connection. */
  state: "out" | "joining" | "in" | "leaving";
  /** Joins without an answer, and those of them whose `joined_chat` has come. */
  joins: number;
  joined: number;
  /** A join was sent before its user left, and may be handled after they came in again: with an old `lastSeq`. */
  mayRepeat: boolean;
  /** The head of the log when the client asked to join without a `lastSeq`. */
  askedAt: number;
  /** Who is shown as typing. */
  readonly typing: Set<string>;
  /** How far others are shown to have read, and how far they should be, since they were said to while the client was in the room. */
  readonly read: Map<string, number>;
  readonly readBy: Map<string, number>;
}

type RoomPayload = Partial<SimulatedBody> & {
  readonly chatRoomId?: string;
  readonly seq?: number;
  readonly userId?: string;
  readonly readSeq?: number;
  readonly typing?: readonly string[];
};

const retryMs = 1_000;

export class SimulatedClient {
  connection: SimulatedConnection | undefined;
  authenticated = false;
  readonly rooms = new Map<string, ClientRoom>();
  /** Requests that wait for their answer. */
  asking = 0;
  /** Entries of logs received. */
  received = 0;
  /** Who is shown as offline. */
  readonly offline = new Set<string>();

  constructor(
    readonly userId: string,
    readonly machine: Machine,
    private readonly scheduler: Scheduler,
    logs: Iterable<RoomLog>,
    private readonly report: (issue: string) => void,
  ) {
    for (const log of logs)
      this.rooms.set(log.roomId, {
        log,
        wanted: false,
        lastSeq: undefined,
        state: "out",
        joins: 0,
        joined: 0,
        mayRepeat: false,
        askedAt: 0,
        typing: new Set(),
        read: new Map(),
        readBy: new Map(),
      });
  }

  /** Comes in on its new connection: authenticates, unless the handshake does, and joins the rooms it wants. */
  async enter(byHandshake: boolean, together: boolean): Promise<void> {
    if (!byHandshake) {
      const answer = await this.#ask("authenticate", () => ({ token: this.userId }));
      if (!answer?.success) return;
    }
    this.authenticated = true;
    const rooms = [...this.rooms.values()].filter(({ wanted, state }) => wanted && state === "out");
    if (together && rooms.length > 0) await this.joinTogether(rooms);
    else await Promise.all(rooms.map((room) => this.join(room)));
  }

  closed(connection: SimulatedConnection): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.authenticated = false;
    this.asking = 0;
    this.offline.clear();
    for (const room of this.rooms.values()) {
      Object.assign(room, { state: "out", joins: 0, joined: 0, mayRepeat: false });
      this.#forgetStates(room);
    }
  }

  #forgetStates({ typing, read, readBy }: ClientRoom): void {
    for (const states of [typing, read, readBy]) states.clear();
  }

  /** Somebody has read up to there: who is in the room is going to be shown that. */
  expectRead(log: RoomLog, userId: string, seq: number): void {
    const room = this.rooms.get(log.roomId);
    if (room?.state === "in") room.readBy.set(userId, seq);
  }

  /** Joins a room, or joins it again. */
  async join(room: ClientRoom): Promise<void> {
    const onAnswer = this.#beginJoining(room);
    const answer = await this.#ask("join_chat", () => this.#joinOf(room));
    if (answer) onAnswer(answer.success ? undefined : answer.code);
  }

  async joinTogether(rooms: readonly ClientRoom[]): Promise<void> {
    const { connection } = this;
    let left = rooms.map((room) => ({ room, onAnswer: this.#beginJoining(room) }));
    while (left.length > 0 && this.connection === connection) {
      const answer = await this.#ask("join_chat", () => ({ rooms: left.map(({ room }) => this.#joinOf(room)) }));
      if (!answer) return;
      if (!answer.success) return this.report(`join_chat {rooms} was refused: ${answer.code}`);
      const outcomes = (answer.data as { rooms: Array<{ code?: string }> }).rooms;
      const isAgain = (n: number) => outcomes[n]?.code === "service_unavailable";
      for (const [n, { onAnswer }] of left.entries()) if (!isAgain(n)) onAnswer(outcomes[n]?.code);
      left = left.filter((_, n) => isAgain(n));
      if (left.length > 0) await this.#pause();
    }
  }

  /** Whether it waits for a `joined_chat`, or to be refused. */
  isJoining({ joins, joined }: ClientRoom): boolean {
    return joins > joined;
  }

  async leave(room: ClientRoom): Promise<void> {
    room.wanted = false;
    room.state = "leaving";
    await this.#ask("leave_chat", () => ({ chatRoomId: room.log.roomId }));
  }

  type(room: ClientRoom, starts: boolean): void {
    this.connection?.request(starts ? "typing_start" : "typing_stop", { chatRoomId: room.log.roomId });
  }

  expectNoReads(): void {
    for (const { readBy } of this.rooms.values()) readBy.clear();
  }

  /** Takes what the gateway sent. */
  take({ event, payload }: Frame): void {
    if (event === "ack") {
      const { answered, ack } = payload as { answered: unknown; ack: (answer: unknown) => void };
      ack(answered);
      return;
    }
    const { chatRoomId, seq, userId } = (payload ?? {}) as RoomPayload;
    if (event === "user_offline") this.offline.add(userId!);
    else if (event === "user_online" || event === "user_status_updated") this.offline.delete(userId!);
    const room = chatRoomId === undefined ? undefined : this.rooms.get(chatRoomId);
    // A room list is best effort. What it must not show is checked where it is sent.
    if (!room || event === "chat_updated") return;
    if (event === "left_chat") {
      if (room.state === "leaving") this.#goOut(room);
    } else if (room.state === "out")
      this.report(`${this.#in(room)} gets ${event} ${seq ?? ""}, but is out of the room`);
    else if (event === "joined_chat") this.#takeJoined(room, seq!, payload as RoomPayload);
    else if (event === "resync_required") this.#takeResync(room, seq!);
    else if (event === "user_typing") room.typing.add(userId!);
    else if (event === "user_stop_typing") room.typing.delete(userId!);
    else if (event === "message_read") this.#takeRead(room, payload as Required<RoomPayload>);
    else if (seq !== undefined) this.#takeEntry(room, event, payload as RoomPayload, seq);
  }

  #takeRead({ read }: ClientRoom, { userId, readSeq }: Required<RoomPayload>): void {
    read.set(userId, Math.max(readSeq, read.get(userId) ?? 0));
  }

  #goOut(room: ClientRoom): void {
    room.state = "out";
    this.#forgetStates(room);
  }

  /** Nothing may be missing by now: what is, if anything. */
  unsettled(): string | undefined {
    if (!this.connection || !this.authenticated) return `${this.userId} is not connected`;
    if (this.asking > 0) return `${this.userId} waits for ${this.asking} answers`;
    for (const room of this.rooms.values()) {
      const isMember = room.log.members.has(this.userId);
      if (!isMember && room.state !== "out") return `${this.#in(room)} is still in the room`;
      if (isMember && room.wanted && room.state !== "in") return `${this.#in(room)} is not in the room`;
      if (room.state === "in" && room.lastSeq !== room.log.head)
        return `${this.#in(room)} has got no further in a log of ${room.log.head} entries`;
      for (const userId of room.typing) return `${this.#in(room)} is shown that ${userId} types, who does not`;
      for (const [userId, seq] of room.readBy)
        if ((room.read.get(userId) ?? 0) < seq) return `${this.#in(room)} is not shown that ${userId} has read ${seq}`;
    }
    return undefined;
  }

  /** Who is shown as offline, who is not. What says so is published once. */
  misled(): string | undefined {
    for (const userId of this.offline) return `${this.userId} is shown that ${userId} is offline, who is not`;
    return undefined;
  }

  /** Undefined when the connection is over. Asks again, for what it needs by then, while the service is unavailable. */
  async #ask(event: string, payload: () => object): Promise<Acknowledgement | undefined> {
    const { connection } = this;
    this.asking++;
    while (connection && this.connection === connection) {
      const answer = await new Promise<Acknowledgement>((resolve) => {
        connection.request(event, payload(), (answered) => resolve(answered as Acknowledgement));
      });
      if (this.connection !== connection) break;
      if (answer.success || answer.code !== "service_unavailable") {
        this.asking--;
        return answer;
      }
      await this.#pause();
    }
    return undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(retryMs, this.machine, "asks again", resolve));
  }

  #joinOf(room: ClientRoom): { chatRoomId: string; lastSeq?: number } {
    if (room.state === "out") room.state = "joining";
    if (room.lastSeq === undefined) room.askedAt = room.log.head;
    return { chatRoomId: room.log.roomId, ...(room.lastSeq === undefined ? {} : { lastSeq: room.lastSeq }) };
  }

  /** The function returned takes the answer: undefined, or why the client may not enter. */
  #beginJoining(room: ClientRoom): (code: string | undefined) => void {
    room.wanted = true;
    const { connection } = this;
    room.joins++;
    return (code) => {
      if (this.connection !== connection) return;
      room.joins--;
      if (code !== undefined) this.#refused(room, code);
      else if (room.joined-- === 0) this.report(`${this.#in(room)} has an acknowledgement without joined_chat`);
      this.#checkJoining(room);
    };
  }

  #checkJoining(room: ClientRoom): void {
    if (this.isJoining(room)) return;
    room.mayRepeat = false;
    if (room.state === "joining") room.state = "out";
  }

  #refused(room: ClientRoom, code: string): void {
    if (code === "not_a_participant") room.wanted = false;
    else this.report(`${this.#in(room)} is refused: ${code}`);
  }

  #takeJoined(room: ClientRoom, seq: number, { typing = [] }: RoomPayload): void {
    room.typing.clear();
    for (const userId of typing) room.typing.add(userId);
    if (room.lastSeq !== undefined && seq !== room.lastSeq) this.report(`${this.#in(room)} has joined at ${seq}`);
    if (room.lastSeq === undefined) this.#begin(room, seq);
    if (room.state === "joining") room.state = "in";
    room.joined++;
    this.#checkJoining(room);
  }

  /** Where a client begins that has no number: the head as of its join, or later. */
  #begin(room: ClientRoom, seq: number): void {
    if (seq < room.askedAt) this.report(`${this.#in(room)} begins at ${seq}, before ${room.askedAt} where it joined`);
    room.lastSeq = seq;
  }

  #takeResync(room: ClientRoom, seq: number): void {
    const { lastSeq = seq, log } = room;
    if (lastSeq >= log.floor && !room.mayRepeat)
      this.report(`${this.#in(room)} must resync to ${seq} in a log from ${log.floor} on`);
    room.lastSeq = Math.max(seq, lastSeq);
  }

  #takeEntry(room: ClientRoom, event: string, body: RoomPayload, seq: number): void {
    this.received++;
    if (room.lastSeq === undefined) this.#begin(room, seq - 1);
    const last = room.lastSeq ?? 0;
    if (seq <= last && room.mayRepeat) return;
    if (seq <= last) this.report(`${this.#in(room)} gets ${event} ${seq} again`);
    else if (seq > last + 1) this.report(`${this.#in(room)} gets ${event} ${seq} before those that come first`);
    if (body.room !== room.log.index || body.entry !== seq)
      this.report(`${this.#in(room)} gets another entry as ${seq}`);
    room.lastSeq = seq;
    // While it joins, a leaving may be history: its user has come back since.
    if (body.left === this.userId && room.state !== "joining") {
      const isJoining = this.isJoining(room);
      this.#forgetStates(room);
      Object.assign(room, { state: isJoining ? "joining" : "out", mayRepeat: isJoining, wanted: isJoining });
    }
  }

  #in(room: ClientRoom): string {
    return `${this.machine.name} (${this.userId}, ${room.state} at ${room.lastSeq} of room ${room.log.index})`;
  }
}
