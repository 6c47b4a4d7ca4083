// Checks what others send against a schema: collections are measured before their items are looked at, and faults are
// collected one by one, so that refusing a value costs no more than taking one.
import { type TArray, type TObject, type TRecord, type TSchema, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { Errors } from "typebox/value";

/** `path` is a JSON pointer (RFC 6901) of at most 200 characters. `message` never quotes the value. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** Tells what is wrong with a value: the first `most` faults, 8 by default; none when it fits. */
export type Checker = (value: unknown, most?: number) => readonly Fault[];

const none: readonly Fault[] = [];

/** TypeBox' own list of errors visits every item of an array, however long it is and however many faults it has already. */
export function createChecker(schema: TSchema): Checker {
  validatorOf(schema);
  return (value, most = 8) => {
    if (fits(schema, value)) return none;
    const faults: Fault[] = [];
    for (const found of faultsOf(schema, value, "")) if (faults.push(found) >= most) break;
    return faults.length > 0 ? faults : [fault("", "does not fit")];
  };
}

/** The schemas that a schema is made of, one level down. */
export function partsOf(schema: TSchema): TSchema[] {
  if (Type.IsUnion(schema)) return schema.anyOf;
  if (Type.IsArray(schema)) return [schema.items];
  if (Type.IsRecord(schema)) return [fieldOf(schema)];
  return Type.IsObject(schema) ? Object.values(schema.properties) : [];
}

const validators = new WeakMap<TSchema, Validator>();
const bounding = new WeakMap<TSchema, boolean>();

const validatorOf = (schema: TSchema) => remembered(validators, schema, () => Compile(schema));

const fits = (schema: TSchema, value: unknown) => isMeasured(schema, value) && validatorOf(schema).Check(value);

/** Whether no collection in a value is larger than its schema says. */
function isMeasured(schema: TSchema, value: unknown): boolean {
  if (typeof value !== "object" || value === null || !isBounding(schema)) return true;
  if (Type.IsUnion(schema)) {
    const variant = variantFor(schema.anyOf, value);
    return variant ? isMeasured(variant, value) : schema.anyOf.every((one) => isMeasured(one, value));
  }
  if (Type.IsArray(schema) && Array.isArray(value))
    return !sizeFault(schema, value.length) && areMeasured(schema.items, () => value);
  if (Type.IsRecord(schema))
    return !fieldsFault(schema, value) && areMeasured(fieldOf(schema), () => Object.values(value));
  if (!Type.IsObject(schema)) return true;
  return Object.entries(schema.properties).every(([name, field]) => isMeasured(field, ownOf(value, name)));
}

function areMeasured(schema: TSchema, values: () => unknown[]): boolean {
  return !isBounding(schema) || values().every((value) => isMeasured(schema, value));
}

/** Whether a schema bounds any collection: values of others are not walked through to measure them. */
function isBounding(schema: TSchema): boolean {
  const isBound = () => "maxItems" in schema || "maxProperties" in schema || partsOf(schema).some(isBounding);
  return remembered(bounding, schema, isBound);
}

/** In the order of the schema. A part that fits is passed over whole. */
function* faultsOf(schema: TSchema, value: unknown, path: string): Generator<Fault> {
  if (fits(schema, value)) return;
  if (Type.IsUnion(schema)) {
    const variant = variantFor(schema.anyOf, value);
    if (variant) yield* faultsOf(variant, value, path);
    else yield fault(path, "must be of one of the kinds that are allowed here");
  } else if (Type.IsArray(schema) && Array.isArray(value)) {
    const wrong = sizeFault(schema, value.length);
    if (wrong) yield fault(path, wrong);
    else for (const [i, item] of value.entries()) yield* faultsOf(schema.items, item, `${path}/${i}`);
  } else if (Type.IsRecord(schema) && isObject(value)) {
    const wrong = fieldsFault(schema, value);
    if (wrong) yield fault(path, wrong);
    else for (const name of Object.keys(value)) yield* faultsOf(fieldOf(schema), ownOf(value, name), at(path, name));
  } else if (Type.IsObject(schema) && isObject(value)) yield* objectFaults(schema, value, path);
  else for (const { message } of Errors(schema, value)) yield fault(path, message);
}

function* objectFaults(schema: TObject, value: object, path: string): Generator<Fault> {
  const missing =
    (schema.required as readonly string[] | undefined)?.filter((name) => !Object.hasOwn(value, name)) ?? [];
  if (missing.length > 0) yield fault(path, `must have required properties ${missing.join(", ")}`);
  for (const [name, field] of Object.entries(schema.properties))
    if (Object.hasOwn(value, name)) yield* faultsOf(field, ownOf(value, name), at(path, name));
  if ((schema as TSchema & { additionalProperties?: unknown }).additionalProperties !== false) return;
  for (const name in value)
    if (!Object.hasOwn(schema.properties, name)) yield fault(at(path, name), "is not a field that is known");
}

/** The one variant that a value is meant to be: of its type, and with its constants. */
function variantFor(variants: readonly TSchema[], value: unknown): TSchema | undefined {
  const meant = variants.filter((one) => isMeant(one, value));
  const [variant, ...others] = meant.length > 0 ? meant : variants.filter((one) => !Type.IsNull(one));
  return others.length === 0 ? variant : undefined;
}

function isMeant(schema: TSchema, value: unknown): boolean {
  if (Type.IsNull(schema) || value === null) return Type.IsNull(schema) && value === null;
  if (Type.IsArray(schema)) return Array.isArray(value);
  if (Type.IsRecord(schema)) return isObject(value);
  if (!Type.IsObject(schema)) return typeof value !== "object";
  const constants = Object.entries(schema.properties).filter(([, field]) => Type.IsLiteral(field));
  return isObject(value) && constants.every(([name, field]) => validatorOf(field).Check(ownOf(value, name)));
}

function sizeFault(schema: TArray, size: number): string | undefined {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema as TArray & Sizes;
  if (size > maxItems) return `must not have more than ${maxItems} items`;
  return size < minItems ? `must not have fewer than ${minItems} items` : undefined;
}

function fieldsFault(schema: TRecord, value: object): string | undefined {
  const { maxProperties = Number.POSITIVE_INFINITY } = schema as TRecord & Sizes;
  return Object.keys(value).length > maxProperties ? `must not have more than ${maxProperties} fields` : undefined;
}

interface Sizes {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
}

/** A record of ours has one pattern of names. */
const fieldOf = (schema: TRecord): TSchema => Object.values(schema.patternProperties)[0]!;

function ownOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const at = (path: string, name: string) => `${path}/${name.slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`;

const fault = (path: string, message: string): Fault => ({ path: path.slice(0, 200).toWellFormed(), message });

function remembered<Value>(known: WeakMap<TSchema, Value>, schema: TSchema, make: () => Value): Value {
  const there = known.get(schema);
  if (there !== undefined) return there;
  const made = make();
  known.set(schema, made);
  return made;
}
