// Reads the Dockerfile as a list of instructions.
import { readFileSync } from "node:fs";
import { root } from "./compose-file.js";

export interface Instruction {
  /** In upper case: FROM, RUN and so on. */
  readonly name: string;
  readonly rest: string;
}

/** In order, without comments, and with continued lines joined. */
export function dockerfile(): Instruction[] {
  const text = readFileSync(`${root}deploy/docker/Dockerfile`, "utf8");
  return text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...rest] = line.trim().split(/\s+/);
      return { name: name.toUpperCase(), rest: rest.join(" ") };
    });
}

/** The instructions of the last stage, which is the image. */
export function image(): Instruction[] {
  const all = dockerfile();
  return all.slice(all.findLastIndex(({ name }) => name === "FROM"));
}

/** The command of an instruction in exec form. Throws for the shell form. */
export function execForm({ rest }: Instruction): string[] {
  return JSON.parse(rest.slice(rest.indexOf("["))) as string[];
}

/** The pnpm that `npm run setup` calls: its name and version, as npx takes them. */
export function setUpWith(): string {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: { setup: string } };
  const found = /pnpm@\S+/.exec(scripts.setup)?.[0];
  if (found === undefined) throw new Error(`no pnpm in: ${scripts.setup}`);
  return found;
}
