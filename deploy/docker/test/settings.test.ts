// Compares the table of settings with what the services read.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "tap";
import { root } from "./compose-file.js";
import { beside, serviceNames, settingsOf } from "./environments.js";

interface Row {
  readonly name: string;
  readonly required: boolean;
  readonly byDefault: string;
  /** In the order of `serviceNames`. */
  readonly readers: readonly boolean[];
}

const table = readFileSync(`${root}deploy/docker/README.md`, "utf8")
  .split("\n")
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter((cells) => cells.length === 8 && /^(\*\*)?`[A-Z]/.test(cells[0] ?? ""))
  .map(([name = "", byDefault = "", ...others]): Row => {
    const text = (cell: string): string => cell.replaceAll(/[`*]/g, "");
    const readers = others.slice(0, 5).map((cell) => cell === "x");
    return { name: text(name), required: name.startsWith("**"), byDefault: text(byDefault), readers };
  });

test("the table lists which services read each setting, and its default", (t) => {
  t.ok(table.length > 30);
  for (const [index, service] of serviceNames.entries()) {
    const rows = new Map(table.filter(({ readers }) => readers[index]).map((row) => [row.name, row]));
    const { properties, required = [] } = settingsOf(service) as {
      properties: Record<string, { default?: unknown }>;
      required?: string[];
    };
    t.same([...rows.keys()].sort(), [...Object.keys(properties), ...beside].sort(), service);
    for (const [name, field] of Object.entries(properties)) {
      const row = rows.get(name);
      t.equal(row?.byDefault, String(field.default ?? "").replace(tmpdir(), "/tmp"), `${service}: ${name}`);
      t.equal(row?.required, required.includes(name) && field.default === undefined, `${service}: ${name}`);
    }
  }
  t.end();
});
