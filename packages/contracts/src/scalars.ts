// The scalar schemas that others are built from, with their limits.
import { type Static, Type } from "typebox";

/** Postgres stores neither NUL nor lone surrogates, so no text may contain them. The pattern runs with the u flag. */
const storable = "^[^\\u0000\\ud800-\\udfff]*$";

/** A storable string of `min` to `max` UTF-16 units. */
export const Text = (min: number, max: number) => Type.String({ minLength: min, maxLength: max, pattern: storable });

export const ObjectId = Type.String({
  maxLength: 24,
  pattern: "^[0-9a-f]{24}$",
  description: "24 hexadecimal digits, made here",
});
export const UserId = Text(1, 128);
export const Timestamp = Type.String({ description: "ISO 8601 in UTC with milliseconds" });
export const Sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Which history the numbers of all logs belong to; another one after a restore from a backup. */
export const Epoch = Type.String({
  minLength: 1,
  maxLength: 64,
  description: "opaque; belongs to every seq that was given with it",
});
export const ClientMessageId = Text(1, 128);

/** `null` where a value is unknown or absent; the field itself is always present. */
export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** A union of string literals as one `enum`. */
export const OneOf = <Values extends string[]>(...values: readonly [...Values]) => Type.Enum(values);

export const Role = OneOf("admin", "member");
export type Role = Static<typeof Role>;

/** A page number that clients send as `?page=`. */
export const Page = Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 });
export const Limit = (standard: number) => Type.Integer({ minimum: 1, maximum: 100, default: standard });
/** Where the next page begins, as returned with the previous page; opaque to clients. */
export const Cursor = Type.String({ minLength: 1, maxLength: 1024, pattern: "^[A-Za-z0-9_-]+$" });
