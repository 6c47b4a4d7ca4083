// What a service says of its statements: who calls them how, on what, and how their cost may grow.
import type { Kysely } from "@khui/database";

/** As the services have it: all statements are written as SQL. */
export type Db = Kysely<Record<string, never>>;

/**
 * How much more a statement may cost where a dimension is large: `flat` no more than twice, `answer` as its answer grows in
 * rows or bytes, `input` as the caller's input does. What is known to do worse, and why that is left, stands beside its case:
 * `size` grows as the dimension does, `square` as its square (of what the service bounds).
 */
export type Growth = "flat" | "answer" | "input" | "size" | "square";

/** One way in which tables grow. `Scene` is whatever the cases need to find their way in what was filled. */
export interface Dimension<Scene> {
  readonly name: string;
  readonly small: number;
  /** Fifty or a hundred times as much. */
  readonly large: number;
  fill(db: Db, size: number): Promise<Scene>;
}

/** One call of a store function, as the service makes it. */
export interface Case<Scene> {
  readonly name: string;
  run(db: Db, scene: Scene): Promise<unknown>;
  /** It is to be refused, or to find nothing; else it is to do what it is called for. */
  readonly refused?: boolean;
  /** By dimension, where it is not flat. */
  readonly grows?: Readonly<Record<string, Growth>>;
}

export interface CostSuite<Scene> {
  /** The service's folder. */
  readonly service: string;
  /** The service's `src/`. */
  readonly source: URL;
  readonly schema: string;
  readonly migrations: URL;
  /** How many of the migrations have run when tables are filled; later ones find data, as in a deployment. */
  readonly filledAt: number;
  /** What everybody else has: a database of its own a size. All places lie in the large one. */
  readonly surroundings: Dimension<Scene>;
  /** Each fill is a room, a user, … of its own. */
  readonly places: ReadonlyArray<Dimension<Scene>>;
  readonly cases: ReadonlyArray<Case<Scene>>;
}
