// Validates every part of a request with TypeBox, the same engine that checks socket events and RPC.
import { ChatError, createChecker, withoutNulls } from "@khui/contracts";
import type { FastifySchemaCompiler } from "fastify";
import { type TObject, type TSchema, Type } from "typebox";
import { Check } from "typebox/value";

/** Bodies are not coerced: "5" is not a number; null in an optional field is none. Integers in query strings are parsed. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = createChecker(schema);
  return (given: unknown) => {
    const isQuery = httpPart === "querystring" && Type.IsObject(schema);
    const value = isQuery ? readQuery(schema, given) : withoutNulls(schema, given);
    const issues = check(value);
    if (issues.length === 0) return { value: known(schema, value) };
    return { error: new ChatError("invalid_request", { part: httpPart, faults: issues }) };
  };
};

/** A valid value with only the fields that its schema names: a field that nobody checked reaches no handler and no store. */
function known(schema: TSchema, value: unknown): unknown {
  if (Type.IsUnion(schema)) {
    const variant = schema.anyOf.find((one) => Check(one, value));
    return variant ? known(variant, value) : value;
  }
  if (Type.IsArray(schema)) return (value as unknown[]).map((item) => known(schema.items, item));
  if (!Type.IsObject(schema)) return value;
  const fields = value as Record<string, unknown>;
  const checked = Object.entries(schema.properties).filter(
    ([name, field]) => Object.hasOwn(fields, name) && !Type.IsUnknown(field),
  );
  return Object.fromEntries(checked.map(([name, field]) => [name, known(field, fields[name])]));
}

function readQuery(schema: TObject, given: unknown): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined) {
      if ("default" in field) query[name] = field.default;
    } else
      query[name] =
        Type.IsInteger(field) && typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  }
  return query;
}
