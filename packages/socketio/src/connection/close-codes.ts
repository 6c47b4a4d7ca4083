// WebSocket close codes, and how long a close may take.

/** How long a peer may take to answer a close, in ms. */
export const closeTimeoutMs = 5000;

/** Whether a WebSocket may send this close code (RFC 6455 section 7.4). */
export function isSendableCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  );
}

/** @throws RangeError for a close code that a WebSocket cannot send. */
export function assertSendable(code: number): void {
  if (!isSendableCode(code)) throw new RangeError(`a WebSocket cannot send the close code ${code}`);
}
