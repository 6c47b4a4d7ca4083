// The questions at the end: does every client know what a fresh fetch says, and is all there that was acknowledged?
import { fetchRoom } from "@khui/test-kit/fetch-room";
import type { Actor } from "./actions.js";
import type { Ledger } from "./ledger.js";
import { failureAfter } from "./until.js";

/** Rooms that are fetched at once. */
const atOnce = 8;

export interface Verdict {
  readonly differences: readonly string[];
  /** Messages that some client was told without their sender's name. */
  readonly nameless: number;
}

/** Resolves with every difference there is, and stays for `boundMs`. The clients are connected and nobody does anything. */
export async function findDifferences(actors: readonly Actor[], ledger: Ledger, boundMs: number): Promise<Verdict> {
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
    differences.push(...follower.faults.map((fault) => `${follower.kind} ${user.id}: ${fault}`));
    const rooms = (ids: Iterable<string>) => [...ids].sort().join();
    if (rooms(follower.left) !== rooms(leftRooms))
      differences.push(`${user.id} left ${rooms(leftRooms)}, and was taken out of ${rooms(follower.left)}`);
  }
  return { differences, nameless };
}

async function compare({ user, follower }: Actor, roomId: string, ledger: Ledger, boundMs: number): Promise<Verdict> {
  const differences: string[] = [];
  let nameless = 0;
  const failure = await failureAfter(boundMs, async () => {
    differences.length = 0;
    // Read marks and deliveries have no number: they are told again on joining, and some may have been lost.
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
