// A person whose socket reconnects by itself, joins all rooms again from where it was, and checks what it receives.
import { FrameSocket } from "../frame-socket.js";
import { socketIoPath } from "../live-socket.js";
import { sharedNow } from "../worker.js";
import type { ReturnerPlan } from "./return-tasks.js";

interface Room {
  /** The last number received. */
  last: number;
  joined: boolean;
}

/** As socket.io-client and our own client wait before they try again. */
const reconnectMs = { least: 500, most: 2_000 };
/** `connectTimeout` of socket.io-client. */
const connectMs = 20_000;
/** Joins in flight, where they are sent one by one. */
const joinsAtOnce = 8;
const retryJoinMs = 1_000;
const temporary = /"code":"(rate_limited|service_unavailable)"/;
const [ping, authenticationId, joinAllId, firstJoinId] = ["2", 1, 2, 10];
/** How every event begins that comes from a room's log, and joined_chat and resync_required. */
const logged = /^42\["(\w+)",\{"chatRoomId":"(\w+)","seq":(\d+)/;
const loggedBytes = 120;

export class Returner {
  /** Upgrades that were refused since `begin`, joins that were, and when it was in all its rooms again. */
  refusals = 0;
  refusedJoins = 0;
  signedInAt = 0;
  wholeAt: number | undefined;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Of all rooms, since it came first. */
  lost = 0;
  repeated = 0;
  resyncs = 0;
  readonly #plan: ReturnerPlan;
  readonly #onWhole: () => void;
  #urls: readonly string[] = [];
  #socket: FrameSocket | undefined;
  #wanted: string[] = [];
  readonly #asked = new Map<number, string>();
  #nextId = firstJoinId;
  #joined = 0;
  #isPausing = false;

  constructor(plan: ReturnerPlan, onWhole: () => void) {
    this.#plan = plan;
    this.#onWhole = onWhole;
    this.rooms = new Map(plan.rooms.map(([roomId, last]) => [roomId, { last, joined: false }]));
  }

  /** How far it has come, for an error. */
  get progress(): string {
    if (!this.#socket || this.#socket.isClosed) return "without a connection";
    if (this.signedInAt === 0) return "not signed in";
    return this.wholeAt === undefined ? "not in all rooms" : "there";
  }

  /** Counts from now on, and reconnects to one of these. */
  begin(urls: readonly string[]): void {
    this.#urls = urls;
    this.refusals = 0;
    this.refusedJoins = 0;
    this.wholeAt = undefined;
  }

  connect(): void {
    const url = this.#urls[Math.floor(Math.random() * this.#urls.length)]!;
    const socket = new FrameSocket(
      { url, path: socketIoPath, from: this.#plan.from },
      {
        onText: (data, start, end) => this.#onText(data, start, end),
        onEnd: (_reason, status) => {
          if (status !== undefined) this.refusals++;
          this.#lose();
          setTimeout(() => this.connect(), reconnectMs.least + Math.random() * (reconnectMs.most - reconnectMs.least));
        },
      },
    );
    this.#socket = socket;
    setTimeout(() => {
      if (this.#socket !== socket || this.signedInAt > 0 || socket.isClosed) return;
      this.drop();
      this.connect();
    }, connectMs).unref();
  }

  /** Ends its connection by itself. */
  drop(): void {
    this.#socket?.close();
    this.#lose();
  }

  #lose(): void {
    this.signedInAt = 0;
    this.wholeAt = undefined;
    this.#joined = 0;
    this.#isPausing = false;
    this.#asked.clear();
    for (const room of this.rooms.values()) room.joined = false;
  }

  #onText(data: Buffer, start: number, end: number): void {
    const head = data.toString("latin1", start, Math.min(end, start + loggedBytes));
    if (head === ping) this.#socket?.send("3");
    else if (head.startsWith("42")) this.#onEvent(head);
    else if (head.startsWith("43")) this.#onAnswer(head);
    else if (head.startsWith("40")) this.#emit(authenticationId, "authenticate", { token: this.#plan.token });
    else if (head.startsWith("0")) this.#socket?.send("40");
  }

  #emit(id: number, event: string, payload: object): void {
    this.#socket?.send(`42${id}${JSON.stringify([event, payload])}`);
  }

  #onAnswer(head: string): void {
    const [, id = "", success] = /^43(\d+)\[\{"success":(true)?/.exec(head) ?? [];
    if (!success && !temporary.test(head)) throw new Error(`refused for good: ${head}`);
    if (Number(id) === authenticationId) this.#afterAuthentication(success !== undefined);
    else if (Number(id) === joinAllId) this.#afterJoinOfAll(success !== undefined);
    else this.#afterJoin(Number(id), success !== undefined);
  }

  #afterAuthentication(success: boolean): void {
    if (!success) this.#later(() => this.#emit(authenticationId, "authenticate", { token: this.#plan.token }));
    else {
      this.signedInAt = sharedNow();
      this.#wanted = [...this.rooms.keys()];
      if (this.#plan.form === "rooms") this.#joinAll();
      else this.#joinMore();
    }
  }

  #placeOf(chatRoomId: string): object {
    return { chatRoomId, lastSeq: this.rooms.get(chatRoomId)?.last };
  }

  #joinAll(): void {
    const left = [...this.rooms].filter(([, room]) => !room.joined).map(([roomId]) => this.#placeOf(roomId));
    if (left.length > 0) this.#emit(joinAllId, "join_chat", { rooms: left });
  }

  /** Rooms that the answer refuses have had no joined_chat. */
  #afterJoinOfAll(success: boolean): void {
    if (success && this.#joined === this.rooms.size) return;
    this.refusedJoins++;
    this.#later(() => this.#joinAll());
  }

  #joinMore(): void {
    while (!this.#isPausing && this.#asked.size < joinsAtOnce && this.#wanted.length > 0) {
      const roomId = this.#wanted.pop()!;
      const id = this.#nextId++;
      this.#asked.set(id, roomId);
      this.#emit(id, "join_chat", this.#placeOf(roomId));
    }
  }

  #afterJoin(id: number, success: boolean): void {
    const roomId = this.#asked.get(id);
    if (roomId === undefined) return;
    this.#asked.delete(id);
    if (success) this.#joinMore();
    else {
      this.refusedJoins++;
      this.#wanted.push(roomId);
      if (this.#isPausing) return;
      this.#isPausing = true;
      this.#later(() => {
        this.#isPausing = false;
        this.#joinMore();
      });
    }
  }

  /** After a pause, if the connection is still the same. */
  #later(work: () => void): void {
    const socket = this.#socket;
    setTimeout(() => {
      if (this.#socket === socket && !socket?.isClosed) work();
    }, retryJoinMs);
  }

  #onEvent(head: string): void {
    const [, event, roomId = "", number] = logged.exec(head) ?? [];
    const room = this.rooms.get(roomId);
    if (!room || event === "chat_updated") return;
    const seq = Number(number);
    if (event === "joined_chat") this.#onJoined(room, seq);
    else if (event === "resync_required") {
      this.resyncs++;
      room.last = seq;
    } else if (seq <= room.last) this.repeated++;
    else {
      this.lost += seq - room.last - 1;
      room.last = seq;
    }
  }

  #onJoined(room: Room, seq: number): void {
    // Everything up to here has been sent before.
    this.lost += Math.max(0, seq - room.last);
    room.last = Math.max(room.last, seq);
    if (room.joined) return;
    room.joined = true;
    this.#joined++;
    if (this.#joined < this.rooms.size) return;
    this.wholeAt = sharedNow();
    this.#onWhole();
  }
}
