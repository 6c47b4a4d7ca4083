// One device of a person: a socket that comes and goes, and a model that outlives it.
import { type Client, connectClient } from "@khui/test-kit/client";
import { ClientModel } from "@khui/test-kit/client-model";
import { fetchRoom } from "@khui/test-kit/fetch-room";
import type { User } from "@khui/test-kit/user";

export class Device {
  readonly model: ClientModel;
  /** Violations of the protocol by received events. */
  readonly violations: string[] = [];
  /** Rooms whose entries the present socket receives. */
  readonly joined = new Set<string>();
  /** By connection and room: the numbered events in the order they came. */
  readonly received = new Map<string, string[]>();
  client: Client | undefined;
  #connections = 0;

  constructor(
    readonly user: User,
    private readonly url: string,
  ) {
    this.model = new ClientModel(user.id);
  }

  /** Connects and joins `roomIds` again, from the last known numbers. */
  async connect(roomIds: Iterable<string>): Promise<void> {
    this.#connections++;
    const { id: userId, token } = this.user;
    const onViolation = (violation: string) => this.violations.push(violation);
    const connect = { transports: ["websocket"], reconnection: false };
    this.client = await connectClient({ url: this.url, userId, token, connect, onViolation });
    this.client.socket.onAny((event: string, payload: unknown) => this.#take(event, payload));
    for (const roomId of roomIds) await this.open(roomId);
  }

  disconnect(): void {
    this.client?.close();
    this.client = undefined;
    this.joined.clear();
  }

  /** What an app does to show a room: fetch it the first time, then join from where it got. */
  async open(roomId: string): Promise<void> {
    if (!this.client) return;
    if (!this.model.has(roomId)) this.model.load(await fetchRoom(this.user, roomId));
    this.joined.add(roomId);
    await this.client.join(roomId, this.model.seq(roomId));
  }

  #take(event: string, payload: unknown): void {
    try {
      this.model.applyEvent(event, payload);
    } catch (error) {
      this.violations.push(String(error));
    }
    const { chatRoomId, seq, userId } = (payload ?? {}) as { chatRoomId?: string; seq?: number; userId?: string };
    if (event === "resync_required") this.violations.push("a resync, though nothing is old");
    if (chatRoomId === undefined || seq === undefined || event === "joined_chat" || event === "chat_updated") return;
    const key = `${this.#connections} ${chatRoomId}`;
    this.received.set(key, [...(this.received.get(key) ?? []), `${seq} ${event}`]);
    if (userId !== this.user.id) return;
    if (event === "user_left_chat") this.joined.delete(chatRoomId);
    // Who comes back after they were removed and added again is sent both.
    if (event === "user_joined_chat") this.joined.add(chatRoomId);
  }
}
