// The engine's refusals, as engine.io words them.

/** Engine.IO error codes; a client reads them in the JSON body of a 400. */
export const refusals = {
  0: "Transport unknown",
  1: "Session ID unknown",
  2: "Bad handshake method",
  3: "Bad request",
  5: "Unsupported protocol version",
} as const;

export type RefusalCode = keyof typeof refusals;

export function refusalBody(code: RefusalCode): string {
  return JSON.stringify({ code, message: refusals[code] });
}
