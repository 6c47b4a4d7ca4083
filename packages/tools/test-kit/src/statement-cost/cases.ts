// What a service declares for the cost test: calls of its statements, the data, and how their cost may grow.
import type { Db } from "@khui/database";

/**
 * How much more a statement may cost where a dimension is large: `flat` no more than twice, `answer` as its answer grows in
 * rows or bytes, `input` as the caller's input does. Known worse cases have a comment with the reason:
 * `size` grows as the dimension does, `square` as its square (of what the service bounds).
 */
export type Growth = "flat" | "answer" | "input" | "size" | "square";

/** One way in which tables grow. `Scene` is what the cases need to refer to the filled data. */
export interface Dimension<Scene> {
  readonly name: string;
  readonly small: number;
  /** Fifty or a hundred times `small`. */
  readonly large: number;
  fill(db: Db, size: number): Promise<Scene>;
}

/** One call of a store function, as the service makes it. */
export interface Case<Scene> {
  readonly name: string;
  run(db: Db, scene: Scene): Promise<unknown>;
  /** True: the call must be refused or find nothing. Otherwise it must have an effect or a result. */
  readonly refused?: boolean;
  /** The growth by dimension, where it is not flat. */
  readonly grows?: Readonly<Record<string, Growth>>;
}

export interface CostSuite<Scene> {
  /** The service's folder. */
  readonly service: string;
  /** The service's `src/`. */
  readonly source: URL;
  readonly schema: string;
  readonly migrations: URL;
  /** How many migrations have run when tables are filled; later ones run on existing data, as in a deployment. */
  readonly filledAt: number;
  /** The data of everybody else: a separate database for each size. All places are in the large one. */
  readonly surroundings: Dimension<Scene>;
  /** Each fill is a room, a user, … of its own. */
  readonly places: ReadonlyArray<Dimension<Scene>>;
  readonly cases: ReadonlyArray<Case<Scene>>;
}
