// What is wrong with a sticker set that someone wants to publish, told all at once.
import { ChatError } from "@khui/contracts";

/** `path` is a file's name in the archive, or a JSON pointer into its manifest, which begins with `/`. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** All that is wrong is told, so that an author mends it at once. */
export const mostFaults = 200;

/** The refusal with its faults, each once and none of boundless length. */
export function invalidSet(faults: readonly Fault[]): ChatError {
  const told = new Map<string, Fault>();
  for (const { path, message } of faults) {
    const fault = { path: path.slice(0, 200).toWellFormed(), message: message.slice(0, 300).toWellFormed() };
    if (told.size < mostFaults) told.set(`${fault.path}\n${fault.message}`, fault);
  }
  return new ChatError("invalid_sticker_set", { faults: [...told.values()] });
}
