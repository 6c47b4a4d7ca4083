// Joins the frames of one write into one buffer, which connections with the same frames share.

/** Above this a copy costs more than it saves, and the frames go to the kernel as one vectored write. */
const maxCopiedBytes = 64 * 1024;

/**
 * Joins frames into one buffer and remembers the last result: in a room's fan-out, consecutive connections write exactly
 * the same frames, so they share one buffer instead of each making a copy.
 */
export class FrameCoalescer {
  #frames: readonly Buffer[] = [];
  #joined: Buffer | undefined;

  /**
   * The frames as one buffer, or undefined if they are too large to copy.
   * @param frames must not change afterwards.
   * @param bytes the length of all frames together.
   */
  join(frames: readonly Buffer[], bytes: number): Buffer | undefined {
    if (bytes > maxCopiedBytes) return undefined;
    if (this.#joined === undefined || !sameFrames(frames, this.#frames)) {
      this.#frames = frames;
      this.#joined = Buffer.concat(frames, bytes);
    }
    return this.#joined;
  }
}

function sameFrames(left: readonly Buffer[], right: readonly Buffer[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i += 1) if (left[i] !== right[i]) return false;
  return true;
}
