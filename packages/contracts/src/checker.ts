// Validates untrusted values against a schema: the size of a collection is checked before its items are, and issues are
// collected one by one, so that refusing a value costs no more than accepting one.
import { type TArray, type TObject, type TRecord, type TSchema, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { Errors } from "typebox/value";

/** `path` is a JSON pointer (RFC 6901) of at most 200 characters. `message` never quotes the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Returns the first `maxIssues` issues of a value, 8 by default; an empty list when it is valid. */
export type Checker = (value: unknown, maxIssues?: number) => readonly Issue[];

const none: readonly Issue[] = [];

/** Used instead of TypeBox's `Errors`, which visits every item of an array, however long it is and however many issues it has found. */
export function createChecker(schema: TSchema): Checker {
  validatorOf(schema);
  return (value, maxIssues = 8) => {
    if (fits(schema, value)) return none;
    const issues: Issue[] = [];
    for (const found of issuesOf(schema, value, "")) if (issues.push(found) >= maxIssues) break;
    return issues.length > 0 ? issues : [issue("", "does not fit")];
  };
}

/** What a schema knows of a value that fits it: without the other fields of objects, and undefined where it allows anything. */
export function knownPart(schema: TSchema, value: unknown): unknown {
  if (Type.IsUnknown(schema)) return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (Type.IsUnion(schema)) {
    const variant = schema.anyOf.find((one) => fits(one, value));
    return variant && knownPart(variant, value);
  }
  if (Type.IsArray(schema) && Array.isArray(value)) return value.map((item) => knownPart(schema.items, item));
  if (!Type.IsObject(schema)) return value;
  const known: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties))
    if (Object.hasOwn(value, name)) known[name] = knownPart(field, ownOf(value, name));
  return known;
}

/** The direct sub-schemas of a schema. */
export function partsOf(schema: TSchema): TSchema[] {
  if (Type.IsUnion(schema)) return schema.anyOf;
  if (Type.IsArray(schema)) return [schema.items];
  if (Type.IsRecord(schema)) return [fieldOf(schema)];
  return Type.IsObject(schema) ? Object.values(schema.properties) : [];
}

const validators = new WeakMap<TSchema, Validator>();
const boundedSchemas = new WeakMap<TSchema, boolean>();

const validatorOf = (schema: TSchema) => cached(validators, schema, () => Compile(schema));

const fits = (schema: TSchema, value: unknown) => isWithinBounds(schema, value) && validatorOf(schema).Check(value);

/** Whether every collection in a value is within the size limits of its schema. */
function isWithinBounds(schema: TSchema, value: unknown): boolean {
  if (typeof value !== "object" || value === null || !hasBounds(schema)) return true;
  if (Type.IsUnion(schema)) {
    const variant = variantFor(schema.anyOf, value);
    return variant ? isWithinBounds(variant, value) : schema.anyOf.every((one) => isWithinBounds(one, value));
  }
  if (Type.IsArray(schema) && Array.isArray(value))
    return !sizeError(schema, value.length) && areWithinBounds(schema.items, () => value);
  if (Type.IsRecord(schema))
    return !fieldCountError(schema, value) && areWithinBounds(fieldOf(schema), () => Object.values(value));
  if (!Type.IsObject(schema)) return true;
  return Object.entries(schema.properties).every(([name, field]) => isWithinBounds(field, ownOf(value, name)));
}

function areWithinBounds(schema: TSchema, values: () => unknown[]): boolean {
  return !hasBounds(schema) || values().every((value) => isWithinBounds(schema, value));
}

/** Whether a schema limits the size of any collection. Values of other schemas are not traversed. */
function hasBounds(schema: TSchema): boolean {
  const isBound = () => "maxItems" in schema || "maxProperties" in schema || partsOf(schema).some(hasBounds);
  return cached(boundedSchemas, schema, isBound);
}

/** Yields issues in the order of the schema. A part that is valid is skipped as a whole. */
function* issuesOf(schema: TSchema, value: unknown, path: string): Generator<Issue> {
  if (fits(schema, value)) return;
  if (Type.IsUnion(schema)) {
    const variant = variantFor(schema.anyOf, value);
    const kinds = variant ? [] : Object.entries(kindsOf(schema.anyOf));
    if (variant) yield* issuesOf(variant, value, path);
    else if (!isObject(value) || kinds.length === 0)
      yield issue(path, "must be of one of the kinds that are allowed here");
    else for (const [name, values] of kinds) yield issue(at(path, name), `must be ${values.join(" or ")}`);
  } else if (Type.IsArray(schema) && Array.isArray(value)) {
    const wrong = sizeError(schema, value.length);
    if (wrong) yield issue(path, wrong);
    else for (const [i, item] of value.entries()) yield* issuesOf(schema.items, item, `${path}/${i}`);
  } else if (Type.IsRecord(schema) && isObject(value)) {
    const wrong = fieldCountError(schema, value);
    if (wrong) yield issue(path, wrong);
    else for (const name of Object.keys(value)) yield* issuesOf(fieldOf(schema), ownOf(value, name), at(path, name));
  } else if (Type.IsObject(schema) && isObject(value)) yield* objectIssues(schema, value, path);
  else for (const { message } of Errors(schema, value)) yield issue(path, message);
}

function* objectIssues(schema: TObject, value: object, path: string): Generator<Issue> {
  const missing =
    (schema.required as readonly string[] | undefined)?.filter((name) => !Object.hasOwn(value, name)) ?? [];
  if (missing.length > 0) yield issue(path, `must have required properties ${missing.join(", ")}`);
  for (const [name, field] of Object.entries(schema.properties))
    if (Object.hasOwn(value, name)) yield* issuesOf(field, ownOf(value, name), at(path, name));
  if ((schema as TSchema & { additionalProperties?: unknown }).additionalProperties !== false) return;
  for (const name in value)
    if (!Object.hasOwn(schema.properties, name)) yield issue(at(path, name), "is not a field that is known");
}

/** The values of the literal fields by which the objects of a union differ. */
function kindsOf(variants: readonly TSchema[]): Record<string, string[]> {
  const kinds: Record<string, string[]> = {};
  for (const one of variants)
    for (const [name, field] of Type.IsObject(one) ? Object.entries(one.properties) : [])
      if (Type.IsLiteral(field)) kinds[name] = [...(kinds[name] ?? []), JSON.stringify(field.const)];
  return kinds;
}

/** The only variant of a union that matches the value's type and literal fields; undefined when none or several do. */
export function variantFor(variants: readonly TSchema[], value: unknown): TSchema | undefined {
  const candidates = variants.filter((one) => matchesKind(one, value));
  const [variant, ...others] = candidates.length > 0 ? candidates : variants.filter((one) => !Type.IsNull(one));
  return others.length === 0 ? variant : undefined;
}

function matchesKind(schema: TSchema, value: unknown): boolean {
  if (Type.IsNull(schema) || value === null) return Type.IsNull(schema) && value === null;
  if (Type.IsArray(schema)) return Array.isArray(value);
  if (Type.IsRecord(schema)) return isObject(value);
  if (!Type.IsObject(schema)) return typeof value !== "object";
  const constants = Object.entries(schema.properties).filter(([, field]) => Type.IsLiteral(field));
  return isObject(value) && constants.every(([name, field]) => validatorOf(field).Check(ownOf(value, name)));
}

function sizeError(schema: TArray, size: number): string | undefined {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema as TArray & Sizes;
  if (size > maxItems) return `must not have more than ${maxItems} items`;
  return size < minItems ? `must not have fewer than ${minItems} items` : undefined;
}

function fieldCountError(schema: TRecord, value: object): string | undefined {
  const { maxProperties = Number.POSITIVE_INFINITY } = schema as TRecord & Sizes;
  return Object.keys(value).length > maxProperties ? `must not have more than ${maxProperties} fields` : undefined;
}

interface Sizes {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
}

/** Our records have exactly one name pattern. */
const fieldOf = (schema: TRecord): TSchema => Object.values(schema.patternProperties)[0]!;

function ownOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const at = (path: string, name: string) => `${path}/${name.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`;

const issue = (path: string, message: string): Issue => ({ path: path.slice(0, 200).toWellFormed(), message });

function cached<Value>(known: WeakMap<TSchema, Value>, schema: TSchema, make: () => Value): Value {
  const there = known.get(schema);
  if (there !== undefined) return there;
  const made = make();
  known.set(schema, made);
  return made;
}
