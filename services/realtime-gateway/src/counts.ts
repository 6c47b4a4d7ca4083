// What a gateway has done since its start: plain numbers, raised once an event, read at a scrape.

export interface Counts {
  /** Log entries that went to at least one socket. */
  entries: number;
  /** Frames of log entries given to sockets. */
  entryFrames: number;
  /** Live events (typing, presence, receipts) that went to a room. */
  live: number;
  /** Log entries that had to be asked for. */
  repaired: number;
  /** Joins that said how far they had got. */
  resumes: number;
  /** Sockets told to fetch a room anew. */
  resyncs: number;
  /** Sockets that closed, by why. */
  readonly closes: Record<string, number>;
}

/** Those that keep up are to be seen from the first that does not. */
export const createCounts = (): Counts => ({
  entries: 0,
  entryFrames: 0,
  live: 0,
  repaired: 0,
  resumes: 0,
  resyncs: 0,
  closes: { "slow consumer": 0, "ping timeout": 0 },
});
