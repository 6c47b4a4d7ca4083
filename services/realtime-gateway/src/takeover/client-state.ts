// What one gateway tells another of a client that moves there.
import type { Identity } from "@khui/service/http";
import type { Socket } from "@khui/socketio";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { Client } from "../connections/client.js";
import type { TokenBucket, UserBuckets } from "../connections/token-bucket.js";

/** For what to prepare. Not authenticated: no user, and no rooms. */
const Offer = Type.Object({ userId: Type.Optional(Type.String()), roomIds: Type.Array(Type.String()) });
export type Offer = Static<typeof Offer>;
const offers = Compile(Offer);

const Bucket = Type.Object({ tokens: Type.Number(), ageMs: Type.Number() });

const ClientState = Type.Object({
  caller: Type.Object({ language: Type.Union([Type.Literal("th"), Type.Literal("en")]), address: Type.String() }),
  /** How long it has been connected. */
  openMs: Type.Number(),
  own: Bucket,
  strikes: Type.Integer(),
  /** Its last `authenticate` was refused for good. */
  refused: Type.Boolean(),
  joins: Type.Union([Bucket, Type.Null()]),
  identity: Type.Union([
    Type.Object({
      userId: Type.String(),
      name: Type.Optional(Type.String()),
      avatar: Type.Optional(Type.String()),
      admin: Type.Boolean(),
      expiresAt: Type.Union([Type.Number(), Type.Null()]),
      issuedAt: Type.Union([Type.Number(), Type.Null()]),
    }),
    Type.Null(),
  ]),
  /** What the user has left, by the name of the bucket. */
  left: Type.Record(Type.String(), Type.Number()),
  /** Rooms in which the client is typing. */
  typing: Type.Array(Type.String()),
  rooms: Type.Array(
    Type.Object({
      roomId: Type.String(),
      /** Of the last entry that it was sent. */
      seq: Type.Integer(),
      epoch: Type.Optional(Type.String()),
      /** Who is shown to it as typing. */
      typing: Type.Array(Type.String()),
      /** Digests of live events that it was sent since the offer. */
      sent: Type.Array(Type.String()),
    }),
  ),
  /** The same of events for its user alone. */
  sent: Type.Array(Type.String()),
});
export type ClientState = Static<typeof ClientState>;
export type MovedRoom = ClientState["rooms"][number];
const states = Compile(ClientState);

/** Throws for a value of another form. */
export const readOffer = (value: unknown): Offer => offers.Parse(value);
export const readClientState = (value: unknown): ClientState => states.Parse(value);

/** A user's buckets at this gateway, by name. */
export type NamedBuckets = Readonly<Record<string, Pick<UserBuckets, "left" | "lower">>>;

const aged = ({ tokens, tokensAt }: TokenBucket, now: number) => ({ tokens, ageMs: now - tokensAt });

/** All of a client but its rooms. `now` in milliseconds. */
export function describeClient(
  client: Client,
  buckets: NamedBuckets,
  now: number,
): Omit<ClientState, "rooms" | "sent"> {
  const { caller, identity, strikes, refused, joins, openedAt, typing } = client;
  const left = Object.entries(buckets).map(([name, one]) => [name, identity ? one.left(identity.userId, now) : 0]);
  return {
    caller,
    openMs: now - openedAt,
    own: aged(client, now),
    strikes,
    refused,
    joins: joins && aged(joins, now),
    identity: identity && withoutUndefined(identity),
    left: identity ? Object.fromEntries(left) : {},
    typing: [...(typing?.keys() ?? [])],
  };
}

/** The client as it was at its former gateway, in no room yet. Limits of its user here become as low as they were there. */
export function restoreClient(socket: Socket, state: ClientState, buckets: NamedBuckets, now: number): Client {
  const { own, identity, joins, left } = state;
  const client = new Client(socket, state.caller, now - state.openMs, own.tokens);
  client.tokensAt = now - own.ageMs;
  client.strikes = state.strikes;
  client.joins = joins && { tokens: joins.tokens, tokensAt: now - joins.ageMs };
  client.typing = state.typing.length > 0 ? new Map(state.typing.map((roomId) => [roomId, now])) : null;
  client.refused = state.refused;
  if (!identity) return client;
  const { name, avatar } = identity;
  client.identity = { ...identity, name, avatar };
  for (const [bucket, tokens] of Object.entries(left)) buckets[bucket]?.lower(identity.userId, now, tokens);
  return client;
}

function withoutUndefined({ name, avatar, ...identity }: Identity) {
  return { ...identity, ...(name === undefined ? {} : { name }), ...(avatar === undefined ? {} : { avatar }) };
}
