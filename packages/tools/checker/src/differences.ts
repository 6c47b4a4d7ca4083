// The comparison at the end: every client has what a fresh fetch returns, and everything acknowledged is there.
import { fetchRoom } from "@khui/test-kit/fetch-room";
import type { Actor } from "./actions.js";
import type { Ledger } from "./ledger.js";
import { failureAfter } from "./until.js";

/** Rooms that are fetched at once. */
const atOnce = 8;

export interface Comparison {
  readonly differences: readonly string[];
  /** Messages that some client received without their sender's name. */
  readonly nameless: number;
}

/** Resolves with every difference that persists for `boundMs`. All clients must be connected and idle. */
export async function findDifferences(actors: readonly Actor[], ledger: Ledger, boundMs: number): Promise<Comparison> {
  const differences: string[] = [];
  let nameless = 0;
  const deadline = performance.now() + boundMs;
  const jobs = actors.flatMap((actor) =>
    [...actor.follower.rooms].map((roomId) => async () => {
      const found = await compare(actor, roomId, ledger, deadline - performance.now());
      differences.push(...found.differences);
      nameless += found.nameless;
    }),
  );
  const work = async (): Promise<void> => {
    for (let job = jobs.pop(); job; job = jobs.pop()) await job();
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const { user, follower, leftRooms } of actors) {
    for (const roomId of leftRooms) {
      const { status } = await user.get(`/rooms/${roomId}/messages`);
      if (status !== 403) differences.push(`${user.id} is not in ${roomId}, and reads there: ${status}`);
    }
    differences.push(...follower.violations.map((violation) => `${follower.kind} ${user.id}: ${violation}`));
    const rooms = (ids: Iterable<string>) => [...ids].sort().join();
    if (rooms(follower.left) !== rooms(leftRooms))
      differences.push(`${user.id} left ${rooms(leftRooms)}, and was taken out of ${rooms(follower.left)}`);
  }
  return { differences, nameless };
}

async function compare(
  { user, follower }: Actor,
  roomId: string,
  ledger: Ledger,
  boundMs: number,
): Promise<Comparison> {
  const differences: string[] = [];
  let nameless = 0;
  const failure = await failureAfter(boundMs, async () => {
    differences.length = 0;
    // Read marks and deliveries have no number: some may have been lost, and joining sends them again.
    await follower.reread(roomId);
    const fetched = await fetchRoom(user, roomId);
    differences.push(...ledger.differences(fetched, user.id));
    const position = follower.model.position(roomId, user.id);
    differences.push(...ledger.readDifferences(roomId, user.id, position?.readSeq ?? 0));
    nameless += follower.model.learnNames(roomId, fetched.messages);
    follower.model.expectEqual(fetched);
  });
  if (failure !== undefined) differences.push(`${follower.kind} ${user.id} in ${roomId}: ${failure}`);
  return { differences, nameless };
}
