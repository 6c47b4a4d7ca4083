// The cost of one case in one dimension.
import type { Cost } from "./growth.js";

/** Costs of one case where a dimension is small and where it is large. */
export interface Measurement {
  readonly dimension: string;
  readonly name: string;
  readonly small: readonly Cost[];
  readonly large: readonly Cost[];
  readonly issues: readonly string[];
}
