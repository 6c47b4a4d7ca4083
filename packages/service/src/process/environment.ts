// Reads a process's settings from its environment, and reports every issue at once.
import { type Static, type TObject, type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";

/** Thrown by `readEnvironment`: one line per issue, naming the variable. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  constructor(readonly issues: readonly string[]) {
    super(`the environment is not usable:\n${issues.map((issue) => `  ${issue}`).join("\n")}`);
  }
}

/**
 * Reads the schema's variables from `source`, converts numbers and booleans, fills in defaults.
 * An empty string counts as not given. Throws EnvironmentError with all issues.
 */
export function readEnvironment<Schema extends TObject>(
  schema: Schema,
  source: Readonly<Record<string, string | undefined>>,
): Static<Schema> {
  const values: Record<string, unknown> = {};
  const issues: string[] = [];
  for (const [name, field] of Object.entries(schema.properties)) {
    const given = source[name];
    const value = given === undefined || given === "" ? defaultOf(field) : convert(field, given);
    if (value === undefined) {
      if (!Type.IsOptional(field)) issues.push(`${name} is missing`);
      continue;
    }
    const check = Compile(field);
    if (check.Check(value)) values[name] = value;
    else issues.push(`${name} ${check.Errors(value)[0]?.message ?? "is not valid"}`);
  }
  if (issues.length > 0) throw new EnvironmentError(issues);
  return values as Static<Schema>;
}

function defaultOf(field: TSchema): unknown {
  return "default" in field ? field.default : undefined;
}

function convert(field: TSchema, text: string): unknown {
  if (Type.IsInteger(field) || Type.IsNumber(field)) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (Type.IsBoolean(field))
    return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
  return text;
}
