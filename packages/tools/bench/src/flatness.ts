// Whether reading a room and marking it as read cost the same, however many messages it has.
import type { Bench } from "./bench.js";
import { type HttpConnection, openConnection, requestText } from "./http-connection.js";
import { makePeople } from "./people.js";
import { type BenchRoom, fillHistories, fillRooms, idOf } from "./rooms.js";
import { median } from "./statistics.js";

export interface Flatness {
  readonly sizes: readonly [number, number];
  /** Median milliseconds of each request in the small and in the large room. */
  readonly requests: Record<string, { readonly small: number; readonly large: number }>;
}

const smallSize = 1_000;
const warmUp = 30;
const measured = 200;

interface Place {
  /** The kind of its messages' ids, see `idOf`. */
  readonly kind: number;
  readonly roomId: string;
  readonly size: number;
  readonly token: string;
  /** When its middle message was sent. */
  readonly middle: string;
}

/** Throws when a request is not answered with 200. */
export async function measureFlatness(bench: Bench): Promise<Flatness> {
  const { system, options, log } = bench;
  log(`filling rooms with ${smallSize} and ${options.largeRoom} messages`);
  const [small, large] = await fillPlaces(bench, options.largeRoom);
  const messages = await openConnection(system.urls["messages-api"]);
  const rooms = await openConnection(system.urls["rooms-api"]);
  const page = (query: string) => (place: Place) =>
    requestText("GET", `/api/v1/chat/rooms/${place.roomId}/messages?${query}`, place.token);
  const middle = ({ middle }: Place) => `limit=50&before=${encodeURIComponent(middle)}`;
  const cases: Array<[string, HttpConnection, (place: Place, n: number) => string]> = [
    ["history, newest 50", messages, page("limit=50")],
    ["history, 50 before the middle", messages, (place) => page(middle(place))(place)],
    ["room list with unread count", rooms, ({ token }) => requestText("GET", "/api/v1/chat/rooms", token)],
    ["read mark, one message on", messages, markRead],
  ];
  const requests: Flatness["requests"] = {};
  for (const [name, connection, make] of cases) {
    const times: [number[], number[]] = [[], []];
    for (let n = 0; n < warmUp + measured; n++) {
      for (const [which, place] of [small, large].entries()) {
        const text = make(place, n);
        const started = performance.now();
        const { status, body } = await connection.ask(text);
        if (status !== 200) throw new Error(`${name}: ${status} ${body}`);
        if (n >= warmUp) times[which]!.push(performance.now() - started);
      }
    }
    requests[name] = { small: median(times[0]), large: median(times[1]) };
  }
  messages.close();
  rooms.close();
  return { sizes: [small.size, large.size], requests };
}

/** From a quarter of the history on, so that all that follows stays unread. */
function markRead({ kind, roomId, size, token }: Place, n: number): string {
  const messageId = idOf(kind, Math.floor(size / 4) + n);
  return requestText("POST", `/api/v1/chat/rooms/${roomId}/read`, token, JSON.stringify({ messageId }));
}

/** Two rooms of two people each, whose only room it is. */
async function fillPlaces(bench: Bench, largeSize: number): Promise<[Place, Place]> {
  const { db, system } = bench;
  const { ids, tokens } = makePeople(system.secret, 4, "reader");
  const rooms: BenchRoom[] = [0, 1].map((n) => ({ id: idOf(3, n), members: [2 * n, 2 * n + 1] }));
  await fillRooms(db, rooms, ids);
  const places: Place[] = [];
  for (const [n, size] of [smallSize, largeSize].entries()) {
    const { id: roomId } = rooms[n]!;
    const kind = 4 + n;
    await fillHistories(db, { kind, rooms: [{ roomId, senders: [ids[2 * n]!, ids[2 * n + 1]!] }], size });
    const { rows } = await db.query<{ created_at: Date }>("SELECT created_at FROM messages.messages WHERE id = $1", [
      idOf(kind, Math.floor(size / 2)),
    ]);
    places.push({ kind, roomId, size, token: tokens[2 * n]!, middle: rows[0]!.created_at.toISOString() });
  }
  return [places[0]!, places[1]!];
}
