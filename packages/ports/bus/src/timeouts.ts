// How long a requester waits, as its request says: relative, since the clocks of machines differ.

const timeoutHeader = "khui-timeout-ms";

/** The headers of a request that is sent now, by a requester who waits for `timeoutMs` from now. */
export const withTimeout = (headers: Record<string, string>, timeoutMs: number): Record<string, string> => ({
  ...headers,
  [timeoutHeader]: String(Math.ceil(timeoutMs)),
});

/** How long the requester waits from the sending of its request, in ms; Infinity when it does not say. */
export function timeoutOf(headers: Readonly<Record<string, string>>): number {
  const timeoutMs = Number.parseInt(headers[timeoutHeader] ?? "", 10);
  return Number.isNaN(timeoutMs) ? Number.POSITIVE_INFINITY : timeoutMs;
}
