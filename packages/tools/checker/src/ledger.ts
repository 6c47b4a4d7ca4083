// Records what was acknowledged, and checks that a fresh fetch has all of it, exactly once.
import type { Role } from "@khui/contracts";
import type { FetchedRoom } from "@khui/test-kit/client-model";

type Fetched = FetchedRoom["messages"][number];
type Report = (text: string) => void;

/** The map or set under a key, created on first use. */
function at<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

export class Ledger {
  /** How many operations were acknowledged, by kind. */
  readonly counts = new Map<string, number>();
  /** By room: the message of each clientMessageId. */
  readonly #sent = new Map<string, Map<string, string>>();
  /** The text of the last acknowledged edit, by message. */
  readonly #texts = new Map<string, string>();
  readonly #deleted = new Set<string>();
  /** By user: messages. */
  readonly #hidden = new Map<string, Set<string>>();
  /** By message and user; null when the reaction was removed. */
  readonly #reactions = new Map<string, Map<string, string | null>>();
  /** By room and user: the furthest read mark. */
  readonly #reads = new Map<string, Map<string, number>>();
  /** By room and user: true since they joined, false since they left. */
  readonly #members = new Map<string, Map<string, boolean>>();
  /** By room and user: the last acknowledged change of a role. */
  readonly #roles = new Map<string, Map<string, Role>>();
  /** By room: the different names that it was given. */
  readonly #names = new Map<string, string[]>();

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  sent(roomId: string, clientMessageId: string, messageId: string): void {
    at(this.#sent, roomId, () => new Map()).set(clientMessageId, messageId);
  }

  edited(messageId: string, text: string): void {
    this.#texts.set(messageId, text);
  }

  deleted(messageId: string): void {
    this.#deleted.add(messageId);
  }

  hid(userId: string, messageId: string): void {
    at(this.#hidden, userId, () => new Set()).add(messageId);
  }

  reacted(messageId: string, userId: string, emoji: string | null): void {
    at(this.#reactions, messageId, () => new Map()).set(userId, emoji);
  }

  read(roomId: string, userId: string, seq: number): void {
    const marks = at(this.#reads, roomId, () => new Map());
    marks.set(userId, Math.max(seq, marks.get(userId) ?? 0));
  }

  member(roomId: string, userId: string, isMember: boolean): void {
    at(this.#members, roomId, () => new Map()).set(userId, isMember);
  }

  role(roomId: string, userId: string, role: Role): void {
    at(this.#roles, roomId, () => new Map()).set(userId, role);
  }

  membersOf(roomId: string): Set<string> {
    return new Set([...(this.#members.get(roomId) ?? [])].flatMap(([userId, isMember]) => (isMember ? [userId] : [])));
  }

  named(roomId: string, name: string): void {
    at(this.#names, roomId, () => []).push(name);
  }

  /** What a user's fresh fetch of a room lacks, has twice, or has without an acknowledgement. */
  differences({ room, messages }: FetchedRoom, userId: string): string[] {
    const differences: string[] = [];
    const report: Report = (text) => void differences.push(`${room._id} for ${userId}: ${text}`);
    const ids = new Set(messages.map(({ _id }) => _id));
    if (ids.size < messages.length) report("a message is listed twice");
    const copies = new Map<string, number>();
    for (const { clientMessageId: id } of messages) if (id !== undefined) copies.set(id, (copies.get(id) ?? 0) + 1);
    for (const [clientId, times] of copies) if (times > 1) report(`${clientId} is there ${times} times`);
    for (const [clientId, messageId] of this.#sent.get(room._id) ?? []) {
      const isHidden = this.#hidden.get(userId)?.has(messageId) ?? false;
      if (!isHidden && !ids.has(messageId)) report(`${clientId} was acknowledged as ${messageId} and is lost`);
      if (isHidden && ids.has(messageId)) report(`${messageId} was hidden and is shown`);
    }
    for (const message of messages) this.#checkMessage(room._id, message, report);
    const names = new Set(messages.map(({ systemInfo }) => systemInfo?.changes?.name));
    for (const name of this.#names.get(room._id) ?? []) if (!names.has(name)) report(`the name ${name} is lost`);
    const present = new Map(room.participants.map((participant) => [participant.userId, participant.role]));
    for (const [memberId, isMember] of this.#members.get(room._id) ?? []) {
      if (present.has(memberId) !== isMember) report(`${memberId} is ${isMember ? "not " : ""}in the room`);
    }
    for (const [memberId, role] of this.#roles.get(room._id) ?? []) {
      const there = present.get(memberId) ?? role;
      if (there !== role) report(`${memberId} is ${there}, not ${role}`);
    }
    return differences;
  }

  /** Whether a user's read mark is behind what was acknowledged. */
  readDifferences(roomId: string, userId: string, readSeq: number): string[] {
    const due = this.#reads.get(roomId)?.get(userId) ?? 0;
    return readSeq >= due ? [] : [`${roomId} for ${userId}: read up to ${readSeq}, acknowledged up to ${due}`];
  }

  #checkMessage(roomId: string, message: Fetched, report: Report): void {
    const { _id, type, sender, content, isDeleted, clientMessageId, reactions } = message;
    if (type === "text" && this.#sent.get(roomId)?.get(clientMessageId ?? "") !== _id)
      report(`${_id} (${clientMessageId} of ${sender._id}) is there, though it was never acknowledged`);
    if (this.#deleted.has(_id) !== isDeleted) report(`${_id} is ${isDeleted ? "" : "not "}deleted`);
    if (isDeleted) return;
    const text = this.#texts.get(_id);
    if (text !== undefined && content !== text) report(`${_id} says ${content}, not ${text}`);
    const there = new Map(reactions.map(({ userId, emoji }) => [userId, emoji]));
    if (there.size < reactions.length) report(`${_id} has two reactions of one person`);
    for (const [userId, emoji] of this.#reactions.get(_id) ?? []) {
      if ((there.get(userId) ?? null) !== emoji) report(`${_id} has ${there.get(userId)} of ${userId}, not ${emoji}`);
    }
  }
}
