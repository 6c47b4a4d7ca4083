// The store answers what may not be read with an error code.
import { ChatError, type ErrorCode } from "@khui/contracts";

/** Throws the code as a ChatError where there is one in place of a value. */
export function orThrow<T extends object>(value: T | ErrorCode): T {
  if (typeof value === "string") throw new ChatError(value);
  return value;
}
