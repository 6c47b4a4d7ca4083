// A captured statement as a pgbench script.
import { test } from "tap";
import { pgbenchScript, placesStatement } from "../src/statement.js";

const message = { i: 0, id: "0", room_id: "0", sender_id: "nobody", content: "it's", media: null };
const captured = {
  sql: "SELECT $2::text[], $1::jsonb, $3::boolean, $1::jsonb",
  parameters: [JSON.stringify([message]), ["0"], false],
};

test("every parameter is substituted by its type, and the rest of the text is kept", async (t) => {
  const [start, statement] = pgbenchScript(captured, 1000, 30).split("\n");
  t.equal(start, "\\set start random(0, 970)");
  t.match(statement, /^SELECT \(ARRAY\(SELECT room_id FROM bench\.places .*\)\)::text\[\], \(SELECT jsonb_agg/);
  t.notMatch(statement, /\$\d/);
  t.match(pgbenchScript(captured, 1000, 30), /false::boolean/);
});

test("no colon precedes a word, which pgbench would take for a variable", async (t) => {
  const variables = pgbenchScript(captured, 10, 1).match(/(?<!:):\w+/g);
  t.same([...new Set(variables)], [":start"]);
});

test("a parameter of an unknown type is refused", async (t) => {
  t.throws(() => pgbenchScript({ sql: "SELECT $1", parameters: [7] }, 10, 1), /not known/);
});

test("places hold the captured message, each to its own room", async (t) => {
  const { parameters } = placesStatement(captured, [
    { roomId: "r1", senderId: "u1" },
    { roomId: "r2", senderId: "u2" },
  ]);
  t.match(JSON.parse(String(parameters[0])), [
    { n: 0, room_id: "r1", message: { content: "it's", media: null, room_id: "r1", sender_id: "u1" } },
    { n: 1, room_id: "r2", message: { sender_id: "u2" } },
  ]);
});
