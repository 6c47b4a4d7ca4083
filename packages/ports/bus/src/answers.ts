// How failures are encoded in answers, and how a serving handler becomes a message handler.
import { type BusMessage, RemoteError } from "./index.js";

const failureHeader = "khui-bus-failure";
const maxTextLength = 1000;

/** Sends an answer. Throws PayloadTooLarge; after the bus is closed the answer is lost. */
export type Respond = (data: Uint8Array, headers: Record<string, string>) => void;

/** Runs `handler` and sends its result; a failure is sent as a failure answer, then rethrown to be reported locally. */
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

/** Sends a failure answer. The text is data, not a header: it may contain any character. */
export function respondFailure(respond: Respond | undefined, reason: RemoteError["reason"], text: string): void {
  respond?.(Buffer.from(text.slice(0, maxTextLength)), { [failureHeader]: reason });
}

/** Returns the answer, or throws the RemoteError that it carries. */
export function readAnswer(message: BusMessage): BusMessage {
  const reason = message.headers[failureHeader];
  if (reason === undefined) return message;
  throw new RemoteError(reason === "overloaded" ? "overloaded" : "failed", Buffer.from(message.data).toString());
}
