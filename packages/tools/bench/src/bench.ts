// The context of every part of the bench.
import type { Client } from "pg";
import type { LoadProcess } from "./load-process.js";
import type { Options } from "./options.js";
import type { People } from "./people.js";
import type { BenchRoom } from "./rooms.js";
import type { Target } from "./sending.js";
import type { BenchSystem } from "./system.js";

export interface Bench {
  readonly options: Options;
  readonly system: BenchSystem;
  /** A superuser's connection to the system's database. */
  readonly db: Client;
  readonly load: LoadProcess;
  readonly people: People;
  readonly rooms: readonly BenchRoom[];
  /** Prints a line of progress. */
  readonly log: (line: string) => void;
}

/** Where load goes: the room, with the tokens of those who send. */
export function targetOf({ people }: Bench, room: BenchRoom): Target {
  return { roomId: room.id, tokens: room.members.slice(1).map((n) => people.tokens[n]!) };
}
