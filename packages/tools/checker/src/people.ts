// The people: with a client each, of every transport, in rooms of mixed membership.
import { randomBytes } from "node:crypto";
import { Follower } from "@khui/test-kit/follower";
import type { LineKind } from "@khui/test-kit/line";
import { createRandom, type Random } from "@khui/test-kit/random";
import { eventually, groupRoom, type System, type User } from "@khui/test-kit/system";
import { createUser } from "@khui/test-kit/user";
import type { Actor } from "./actions.js";
import type { Ledger } from "./ledger.js";

export interface Cast {
  readonly actors: readonly Actor[];
  readonly roomIds: readonly string[];
}

export interface CastOptions {
  readonly system: Pick<System, "url" | "sign">;
  readonly clients: number;
  readonly rooms: number;
  /** How they connect, in turn. */
  readonly kinds?: readonly LineKind[];
  readonly random: Random;
  readonly ledger: Ledger;
  /** Validity of the tokens. */
  readonly seconds: number;
  onEntry(client: object): void;
}

const everyKind: readonly LineKind[] = ["polling", "default", "websocket", "default", "plain"];
const share = 0.3;
const requestMs = 10_000;
const startMs = 60_000;

/** Resolves when all clients are connected and in their rooms. */
export async function gatherCast(options: CastOptions): Promise<Cast> {
  const { clients, rooms, kinds = everyKind, random, ledger } = options;
  const actors = Array.from({ length: clients }, (_, i) => createActor(options, kinds[i % kinds.length]!));
  const roomIds: string[] = [];
  for (let n = 0; n < rooms; n++) {
    const admin = actors[n % actors.length]!;
    const others = actors.filter((actor) => actor !== admin && random.chance(share));
    const members = [admin, ...others];
    const roomId = await groupRoom(
      admin.user,
      others.map(({ user }) => user),
    );
    roomIds.push(roomId);
    admin.ownRooms.add(roomId);
    for (const { user } of members) ledger.member(roomId, user.id, true);
  }
  for (const { follower } of actors) follower.line.open();
  try {
    await eventually(() => actors.every(({ follower }) => follower.isBack), startMs);
  } catch (error) {
    // They would go on connecting for ever.
    for (const { follower } of actors) follower.line.close();
    throw error;
  }
  const entering = actors.map(async ({ user, follower }) => {
    for (const roomId of roomIds) if (ledger.membersOf(roomId).has(user.id)) await follower.enter(roomId);
  });
  await Promise.all(entering);
  return { actors, roomIds };
}

function createActor({ system, random, seconds, onEntry }: CastOptions, kind: LineKind) {
  const id = `user-${randomBytes(8).toString("hex")}`;
  const token = system.sign({ sub: id, name: `Name of ${id}` }, seconds + 3600);
  const connect = () => Promise.reject(new Error("clients connect by themselves"));
  const user: User = createUser(system.url, { id, name: id, token }, connect, requestMs);
  const follower: Follower = new Follower(user, system.url, kind, () => onEntry(follower));
  return {
    user,
    follower,
    random: createRandom(random.below(2 ** 31)),
    ownRooms: new Set<string>(),
    leftRooms: new Set<string>(),
    isBusy: false,
    uncertain: new Set<string>(),
  };
}
