// The size limit of a route's body: the largest body that its schema accepts, within bounds.
import { type TSchema, Type } from "typebox";

/** For routes without a body, and for extra fields that a client sends. */
export const minBodyLimit = 16 * 1024;
/** Fits a text of 10,000 escaped characters twice. Longer lists have to be sent in several requests. */
const maxBodyLimit = 256 * 1024;
/** A character outside the Basic Multilingual Plane as ASCII JSON: two escapes of six bytes. */
const bytesPerCharacter = 12;
/** Quotes, comma and colon, and room for indentation. */
const bytesPerField = 32;

/** Bytes. A body beyond it is refused with 413 before it is parsed. */
export function bodyLimitOf(schema: TSchema | undefined): number {
  const bytes = schema ? largestOf(schema) : 0;
  return Math.min(maxBodyLimit, Math.max(minBodyLimit, bytes));
}

function largestOf(schema: TSchema): number {
  const { maxLength, maxItems } = schema as { maxLength?: number; maxItems?: number };
  if (Type.IsUnion(schema)) return Math.max(...schema.anyOf.map(largestOf));
  if (Type.IsArray(schema)) return (maxItems ?? Number.POSITIVE_INFINITY) * (largestOf(schema.items) + bytesPerField);
  if (Type.IsObject(schema)) {
    const fields = Object.entries(schema.properties);
    return fields.reduce((sum, [name, field]) => sum + name.length + bytesPerField + largestOf(field), bytesPerField);
  }
  if (Type.IsString(schema)) return (maxLength ?? Number.POSITIVE_INFINITY) * bytesPerCharacter;
  if (Type.IsEnum(schema)) return Math.max(...schema.enum.map((value) => String(value).length));
  const isSmall = Type.IsInteger(schema) || Type.IsBoolean(schema) || Type.IsNull(schema) || Type.IsLiteral(schema);
  return isSmall ? bytesPerField : Number.POSITIVE_INFINITY;
}
