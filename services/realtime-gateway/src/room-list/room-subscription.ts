// One room of some users' room lists: sends its new messages to their clients, and nothing to users who have left it.
import { entryBody, type LogEntry } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";

export interface RoomSubscriptionOptions {
  readonly roomId: string;
  /** Of these users, those who are in the room. Rejects when that cannot be known now. */
  readonly membersAmong: (userIds: string[]) => Promise<readonly string[]>;
  /** The user is not in the room any more. */
  readonly onLeft: (userId: string) => void;
  readonly onError: (error: unknown) => void;
}

/** As `seq`: entries were missed, so that the next one is a gap. */
const unverified = -1;

export class RoomSubscription {
  /** Users who have the room in their list, with or without a client that is sent anything. */
  userCount = 0;
  /** The clients of these users that have not joined the room. Where all have, an entry costs nothing. */
  readonly clients = new Set<Client>();
  /** The last entry received, or `unverified`; undefined until one is known. */
  #seq: number | undefined;
  /** Users with the room in their list had only clients that had joined it when an entry was missed, and were not verified. */
  #someUnverified = false;
  /** How often entries were missed. */
  #gaps = 0;
  /** An entry was missed, which may have taken someone out of the room: resolves when it is known who is in it. */
  #verification: Promise<boolean> | undefined;

  constructor(private readonly options: RoomSubscriptionOptions) {}

  get roomId(): string {
    return this.options.roomId;
  }

  add(client: Client): void {
    if (client.closed || client.rooms.has(this.roomId)) return;
    this.clients.add(client);
    if (this.#someUnverified) this.#seq = unverified;
  }

  /**
   * A user was in the room when its log had reached `seq`, or at an unknown time. Unless that is as of the last entry received,
   * they may have left since: the next entry is then verified.
   */
  memberAt(seq: number | undefined): void {
    if (seq === undefined || (this.#seq !== undefined && seq < this.#seq)) this.#seq = unverified;
    else this.#seq ??= seq;
  }

  /** Takes an entry of the room's log, in whatever order they arrive. */
  receive(entry: LogEntry): void {
    if (this.#seq !== undefined && entry.seq <= this.#seq) return;
    if (this.#seq !== undefined && entry.seq > this.#seq + 1) {
      this.#gaps++;
      this.#verify();
    }
    this.#seq = entry.seq;
    if (!this.#verification) this.#notify(entry);
    else this.#verification.then((verified) => verified && this.#notify(entry), this.options.onError);
  }

  #verify(): void {
    // Where there is nobody to ask about, it is verified at once: cleared only after it was assigned.
    this.#verification ??= this.#verifyMembers().finally(() => {
      this.#verification = undefined;
    });
  }

  /** Takes out users who are no longer in the room. Resolves with false when that cannot be known now. */
  async #verifyMembers(): Promise<boolean> {
    const { membersAmong, onLeft, onError } = this.options;
    try {
      const verified = new Set<string>();
      for (let gaps = this.#gaps; ; ) {
        // Entries were missed since the last answer, too.
        if (gaps !== this.#gaps) verified.clear();
        gaps = this.#gaps;
        const userIds = [...new Set([...this.clients].map(({ userId }) => userId))].filter((id) => !verified.has(id));
        // Clients may have been added during the request, so it ends when none is left to verify.
        if (userIds.length === 0) {
          this.#someUnverified = verified.size < this.userCount;
          return true;
        }
        for (const userId of await membersAmong(userIds)) verified.add(userId);
        for (const userId of userIds) if (!verified.has(userId)) onLeft(userId);
      }
    } catch (error) {
      onError(error);
      this.#seq = unverified;
      return false;
    }
  }

  #notify({ seq, event, body, left }: LogEntry): void {
    if (event === "new_message" && this.clients.size > 0) {
      const frame = encodeEvent("chat_updated", entryBody(this.roomId, seq, body));
      for (const client of this.clients) client.socket.send(frame);
    }
    if (left !== undefined) this.options.onLeft(left);
  }
}
