// Puts the entries of one room's log in order as they come in, each once and without a gap: what the bus lost is read from the log.
import { ChatError, type LogEntry } from "@khui/contracts";
import type { LogReader } from "./log-reader.js";

export interface SequencerEvents {
  /** The next entry. */
  onEntry(entry: LogEntry): void;
  /** The log no longer has the entries that come next; those after them follow. */
  onLost(): void;
  /** This many entries were missing and have been read from the log. */
  onRepaired(entries: number): void;
}

/** Two publishers may cross on the bus: a gap that closes within this many milliseconds needs no read. */
const reorderWindowMs = 20;
/** After a failed read: at least half of this, at random. */
const maxRetryMs = 1_000;
/** Entries kept that came before their turn; those beyond are read from the log. */
const maxEarlyEntries = 1_000;
const maxEarlyBytes = 1024 * 1024;

export class Sequencer {
  /** The number up to which everything has been delivered; undefined until `start`. */
  position: number | undefined;
  /** The highest number known of, delivered or not. */
  #head = 0;
  readonly #early = new Map<number, LogEntry>();
  #earlyBytes = 0;
  #repairing = false;
  #repairTimer: NodeJS.Timeout | undefined;
  #closed = false;
  #restarts = 0;

  constructor(
    private readonly roomId: string,
    private readonly log: LogReader,
    private readonly events: SequencerEvents,
  ) {}

  /** Delivers what comes after this number, also what has come in already. Only the first call has an effect. */
  start(seq: number): void {
    if (this.position !== undefined) return;
    this.position = seq;
    this.#dropDelivered();
    this.#deliverEarly();
  }

  /** The log is another one than was followed until now, and its newest entry has this number: what comes after it is delivered. */
  restart(seq: number): void {
    this.#restarts++;
    this.position = seq;
    this.#head = seq;
    this.#early.clear();
    this.#earlyBytes = 0;
    this.events.onLost();
  }

  /** Takes an entry, from wherever it comes, and delivers it once, when it is its turn. */
  ingest(entry: LogEntry): void {
    if (entry.seq > this.#head) this.#head = entry.seq;
    if (this.position !== undefined && entry.seq <= this.position) return;
    if (this.position !== undefined && entry.seq === this.position + 1) {
      this.#deliver(entry);
      this.#deliverEarly();
    } else {
      this.#keepEarly(entry);
      this.#repairIn(reorderWindowMs);
    }
  }

  /** The log is known to reach this number: reads what is missing. */
  noteHead(seq: number): void {
    if (seq > this.#head) this.#head = seq;
    if (this.position !== undefined && seq > this.position) this.#repairIn(0);
  }

  /** Resolves once everything up to a number, which is in the log, is delivered. Rejects when it cannot be read now. */
  async catchUp(seq: number): Promise<void> {
    while (!this.#closed && this.position !== undefined && this.position < seq) {
      const before = this.position;
      await this.#readPage({ urgent: true });
      if (this.position === before && !this.#closed) throw new ChatError("service_unavailable");
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#repairTimer);
    this.#early.clear();
  }

  #deliver(entry: LogEntry): void {
    this.position = entry.seq;
    this.events.onEntry(entry);
  }

  #keepEarly(entry: LogEntry): void {
    if (this.#early.has(entry.seq) || this.#early.size >= maxEarlyEntries || this.#earlyBytes > maxEarlyBytes) return;
    this.#early.set(entry.seq, entry);
    this.#earlyBytes += entry.body.length;
  }

  #takeEarly(seq: number): LogEntry | undefined {
    const entry = this.#early.get(seq);
    if (entry && this.#early.delete(seq)) this.#earlyBytes -= entry.body.length;
    return entry;
  }

  #dropDelivered(): void {
    for (const seq of this.#early.keys()) if (seq <= (this.position ?? 0)) this.#takeEarly(seq);
  }

  #deliverEarly(): void {
    for (;;) {
      const next = this.position === undefined ? undefined : this.#takeEarly(this.position + 1);
      if (!next) break;
      this.#deliver(next);
    }
    if (this.position !== undefined && this.#head > this.position) this.#repairIn(reorderWindowMs);
    else if (this.#repairTimer) {
      clearTimeout(this.#repairTimer);
      this.#repairTimer = undefined;
    }
  }

  #repairIn(ms: number): void {
    if (this.#repairTimer || this.#repairing || this.#closed || this.position === undefined) return;
    this.#repairTimer = setTimeout(() => {
      this.#repairTimer = undefined;
      void this.#repair();
    }, ms);
  }

  /** Reads everything after our position, and what turns out to be missing meanwhile. */
  async #repair(): Promise<void> {
    this.#repairing = true;
    let failed = false;
    try {
      while (await this.#readPage());
    } catch {
      failed = true;
    }
    this.#repairing = false;
    if (failed) this.#repairIn(maxRetryMs * (0.5 + Math.random() / 2));
    else if (this.position !== undefined && this.#head > this.position) this.#repairIn(reorderWindowMs);
  }

  /** Delivers the next page of the log. Resolves with whether another may follow. */
  async #readPage(options?: { readonly urgent: boolean }): Promise<boolean> {
    const from = this.position;
    if (from === undefined || this.#closed) return false;
    const [knownHead, restarts] = [this.#head, this.#restarts];
    const page = await this.log.read(this.roomId, from, options);
    if (this.#closed || restarts !== this.#restarts) return false;
    // What was delivered was in the log once.
    if (page.seq < from) {
      this.restart(page.seq);
      return false;
    }
    if (this.position !== undefined && page.floor > this.position) {
      this.position = page.floor;
      this.#dropDelivered();
      this.events.onLost();
    }
    let repaired = 0;
    for (const entry of page.entries) {
      if (entry.seq > this.position!) repaired++;
      this.ingest(entry);
    }
    if (repaired > 0) this.events.onRepaired(repaired);
    // The log is the truth: a number beyond its end was published and never committed. Later ones may be newer than the page.
    if (page.entries.length === 0 && this.#head === knownHead && knownHead > page.seq) this.#head = page.seq;
    return page.entries.length > 0 && this.position! < page.seq;
  }
}
