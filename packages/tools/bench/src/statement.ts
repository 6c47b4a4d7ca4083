// The statement that a send issues, captured on its way to the database, and made into a pgbench script.

import type { Db } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { sendBatch } from "@khui/messages-api/internal/store/send";
import { idOf } from "./rooms.js";

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Sends to a room that does not exist, which writes nothing, and returns the captured statement. */
export async function captureSend(postgresUrl: string, content: string): Promise<Statement> {
  const database = openPostgres({ url: postgresUrl, poolSize: 1 });
  const caught: Statement[] = [];
  const plain: Db = database.kysely();
  const db = plain.withPlugin({
    transformQuery({ node, queryId }) {
      caught.push(plain.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const nothing = {
    media: null,
    sticker: null,
    replyTo: null,
    forwarded: null,
    sourceId: null,
    clientId: null,
    clientDigest: null,
  };
  const message = {
    id: idOf(0, 0),
    roomId: idOf(0, 0),
    senderId: "nobody",
    type: "text",
    content,
    ...nothing,
  } as const;
  try {
    await sendBatch(db, [message]);
  } finally {
    await database.close();
  }
  const [statement] = caught;
  if (!statement || caught.length !== 1) throw new Error(`a send took ${caught.length} statements: pgbench runs one`);
  return statement;
}

/** Where sends of pgbench go. The messages are in the table, since pgbench takes `:null` in a script for a variable. */
export const benchSchema = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.places (n int PRIMARY KEY, room_id text COLLATE "C", message jsonb);
  CREATE SEQUENCE bench.id CACHE 1000`;

/** Fills the places with the captured message, each time from another member to another room. */
export function placesStatement(
  captured: Statement,
  places: ReadonlyArray<{ roomId: string; senderId: string }>,
): Statement {
  const input = captured.parameters.find(isInput);
  if (!input) throw new Error("the send statement has no messages among its parameters");
  const [message] = JSON.parse(input) as [object];
  const rows = places.map(({ roomId, senderId }, n) => ({
    n,
    room_id: roomId,
    message: { ...message, room_id: roomId, sender_id: senderId },
  }));
  return {
    sql: "INSERT INTO bench.places SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(n int, room_id text, message jsonb)",
    parameters: [JSON.stringify(rows)],
  };
}

/**
 * One statement a transaction, with a batch of `size` messages to as many of the places, beginning at random. The
 * parameters become expressions that compute the same values on the server, since pgbench's variables hold numbers only.
 */
export function pgbenchScript({ sql, parameters }: Statement, places: number, size: number): string {
  const chosen = `bench.places WHERE n >= :start::int AND n < :start::int + ${size}`;
  const roomIds = `(ARRAY(SELECT room_id FROM ${chosen}))`;
  const values = parameters.map((value) => {
    if (typeof value === "boolean") return String(value);
    if (Array.isArray(value)) return roomIds;
    if (isInput(value)) return `(SELECT jsonb_agg(${freshMessage}) FROM ${chosen})`;
    throw new Error(`the send statement has a parameter that is not known here: ${String(value)}`);
  });
  const filled = sql.replace(/\$(\d+)/g, (_, n: string) => values[Number(n) - 1] ?? "NULL");
  return `\\set start random(0, ${places - size})\n${filled};\n`;
}

/** Its ids rise like the service's. */
const freshMessage = `message || jsonb_build_object('i', n - :start::int,
  'id', '${idOf(2, 0).slice(0, 2)}' || lpad(to_hex(nextval('bench.id')), 22, '0'))`;

const isInput = (value: unknown): value is string => typeof value === "string" && value.startsWith("[");
