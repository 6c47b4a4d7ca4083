// One socket that joins very many rooms again: how long until it is in all of them.
import type { Client } from "pg";
import { makePeople } from "../people.js";
import { fillRooms, idOf } from "../rooms.js";
import type { BenchSystem } from "../system.js";
import type { Undo } from "../undo.js";
import { type JoinForm, startReturners } from "./return-tasks.js";

/** A row for each way to join: seconds from being signed in, and how often joins were refused meanwhile. */
export async function measureRejoin(
  system: BenchSystem,
  db: Client,
  { rooms, forms }: { readonly rooms: number; readonly forms: readonly JoinForm[] },
  undo: Undo,
): Promise<string[][]> {
  const people = makePeople(system.secret, forms.length + 1, "member-of-many");
  const roomIds = Array.from({ length: rooms }, (_, n) => idOf(4, n));
  const everyone = people.ids.map((_, n) => n);
  await fillRooms(
    db,
    roomIds.map((id) => ({ id, members: everyone })),
    people.ids,
  );
  const urls = [system.urls["realtime-gateway"]];
  const results: string[][] = [];
  for (const [n, form] of forms.entries()) {
    const returners = startReturners();
    undo.add(returners.stop);
    const plan = { token: people.tokens[n]!, from: "127.0.0.1", form, rooms: roomIds.map((id) => [id, 0] as const) };
    await returners.run({ task: "come", urls, plans: [plan] });
    const { joinMs, refusedJoins } = await returners.run({ task: "return", urls, drop: true });
    await returners.stop();
    results.push([
      form === "single" ? "one by one" : "all with one join_chat",
      (joinMs / 1_000).toFixed(2),
      String(refusedJoins),
    ]);
  }
  return results;
}
