// Optional fields that are null: many serializers, such as Dart's and Jackson's, write null for what is absent.
import { type TSchema, Type } from "typebox";
import { variantFor } from "./checker.js";

/**
 * The value without the optional fields that are null. Only what the schema names is visited, and no list that is longer than it may
 * be, whose items would be visited in vain; call it before the checker.
 */
export function withoutNulls(schema: TSchema, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Type.IsUnion(schema)) {
    const variant = variantFor(schema.anyOf, value);
    return variant ? withoutNulls(variant, value) : value;
  }
  if (Type.IsArray(schema) && Array.isArray(value)) {
    const { maxItems = Number.POSITIVE_INFINITY } = schema as { maxItems?: number };
    return value.length > maxItems ? value : value.map((item) => withoutNulls(schema.items, item));
  }
  if (!Type.IsObject(schema) || Array.isArray(value)) return value;
  const fields = Object.entries(value).flatMap(([name, given]): Array<[string, unknown]> => {
    const field = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!field) return [[name, given]];
    return given === null && Type.IsOptional(field) ? [] : [[name, withoutNulls(field, given)]];
  });
  return Object.fromEntries(fields);
}
