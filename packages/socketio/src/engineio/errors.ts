// Engine.IO's error codes and messages, as engine.io words them.

/** A client reads them in the JSON body of a 400. */
export const errorMessages = {
  0: "Transport unknown",
  1: "Session ID unknown",
  2: "Bad handshake method",
  3: "Bad request",
  5: "Unsupported protocol version",
} as const;

export type ErrorCode = keyof typeof errorMessages;

export function errorBody(code: ErrorCode): string {
  return JSON.stringify({ code, message: errorMessages[code] });
}
