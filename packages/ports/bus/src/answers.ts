// How an answer says that it is a failure, and how a serving handler becomes a message handler.
import { type BusMessage, RemoteError } from "./index.js";

const failureHeader = "khui-bus-failure";
const maxTextLength = 1000;

/** Sends an answer. Throws PayloadTooLarge; after the bus is closed the answer is lost. */
export type Respond = (data: Uint8Array, headers: Record<string, string>) => void;

/** Runs `handler` and passes on its result; a failure is answered as one, then rethrown for the local report. */
export async function answer(
  handler: (message: BusMessage) => Promise<Uint8Array>,
  message: BusMessage,
  respond: Respond | undefined,
): Promise<void> {
  try {
    const data = await handler(message);
    respond?.(data, {});
  } catch (error) {
    respondFailure(respond, "failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Answers that there is no answer. The text is data, not a header: it may hold any character. */
export function respondFailure(respond: Respond | undefined, reason: RemoteError["reason"], text: string): void {
  respond?.(Buffer.from(text.slice(0, maxTextLength)), { [failureHeader]: reason });
}

/** The answer itself, or the RemoteError that it carries, thrown. */
export function readAnswer(message: BusMessage): BusMessage {
  const reason = message.headers[failureHeader];
  if (reason === undefined) return message;
  throw new RemoteError(reason === "overloaded" ? "overloaded" : "failed", Buffer.from(message.data).toString());
}
