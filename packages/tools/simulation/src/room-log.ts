// The truth: the rooms' logs and members as the database has them, whoever has been told.
import type { LogEntry } from "@khui/contracts";

/** What each body is made of, so that a client can tell whether it got the right entry. */
export interface SimulatedBody {
  readonly room: number;
  readonly entry: number;
  /** In an entry that takes somebody out. */
  readonly left?: string;
}

export class RoomLog {
  readonly entries: LogEntry[] = [];
  /** The last entry that the log no longer has. */
  floor = 0;
  readonly members = new Set<string>();
  readonly roomId: string;
  /** The newest entry that each former member may see. */
  readonly #lastSeq = new Map<string, number>();

  /** @param others members who are never connected */
  constructor(
    readonly index: number,
    private readonly others: number,
  ) {
    this.roomId = (index + 1).toString(16).padStart(24, "0");
  }

  get head(): number {
    return this.entries.length;
  }

  get memberCount(): number {
    return this.members.size + this.others;
  }

  /** @param by who has sent it, as far as it is said */
  append(by?: string): LogEntry {
    return this.#commit("new_message", by === undefined ? {} : { by });
  }

  /** A member's role, or the room's settings. */
  update(event: "member_updated" | "room_updated"): LogEntry {
    return this.#commit(event, {});
  }

  admit(userId: string): LogEntry {
    this.members.add(userId);
    return this.#commit("user_joined_chat", { members: this.memberCount });
  }

  remove(userId: string): LogEntry {
    this.members.delete(userId);
    const entry = this.#commit("user_left_chat", { members: this.memberCount, left: userId });
    this.#lastSeq.set(userId, entry.seq);
    return entry;
  }

  /** Entries after a number, as far as the log has them. */
  after(seq: number, most: number): LogEntry[] {
    const from = Math.max(seq, this.floor);
    return this.entries.slice(from, from + most);
  }

  /** Whether this user may be sent that entry now: up to the one that took them out. */
  maySee(userId: string, seq: number): boolean {
    return this.members.has(userId) || seq <= (this.#lastSeq.get(userId) ?? 0);
  }

  #commit(event: string, header: { members?: number; left?: string; by?: string }): LogEntry {
    const seq = this.head + 1;
    const { left } = header;
    const body: SimulatedBody = { room: this.index, entry: seq, ...(left === undefined ? {} : { left }) };
    const entry = { seq, event, ...header, body: JSON.stringify(body) };
    this.entries.push(entry);
    return entry;
  }
}
