// Validation of untrusted values visits no more items than the schema allows, and reports at most eight issues.
import { test } from "tap";
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import {
  clientEvents,
  createChecker,
  knownPart,
  partsOf,
  routes,
  StickerManifest,
  UploadFields,
} from "../src/index.js";

/** All untrusted input: the bodies of routes, the events of clients, and the fields of forms. */
const received: Array<[string, TSchema]> = [
  ...Object.entries(routes).flatMap(([name, route]) =>
    "body" in route ? [[`body of ${name}`, route.body] as [string, TSchema]] : [],
  ),
  ...Object.values(clientEvents).map(({ name, payload }): [string, TSchema] => [`event ${name}`, payload]),
  ["form of an upload", UploadFields],
  ["manifest of a sticker set", StickerManifest],
];

type Wrap = (inner: unknown) => unknown;

/** Every array and record in a schema, and a function that makes the value around one. */
function* collectionsIn(schema: TSchema, path: string, wrap: Wrap): Generator<[string, TSchema, Wrap]> {
  if (Type.IsArray(schema) || Type.IsRecord(schema)) yield [path, schema, wrap];
  if (Type.IsArray(schema)) yield* collectionsIn(schema.items, `${path}[]`, (inner) => wrap([inner]));
  else if (Type.IsRecord(schema)) {
    for (const part of partsOf(schema)) yield* collectionsIn(part, `${path}{}`, (inner) => wrap({ name: inner }));
  } else if (Type.IsUnion(schema)) for (const one of schema.anyOf) yield* collectionsIn(one, path, wrap);
  else if (Type.IsObject(schema)) {
    const constants = Object.entries(schema.properties).flatMap(([name, field]) =>
      Type.IsLiteral(field) ? [[name, field.const]] : [],
    );
    for (const [name, field] of Object.entries(schema.properties)) {
      const around: Wrap = (inner) => wrap({ ...Object.fromEntries(constants), [name]: inner });
      yield* collectionsIn(field, `${path}/${name}`, around);
    }
  }
}

/** Counts how many of a collection's items are visited. */
function counted<T extends object>(collection: T): { value: T; seen: () => number } {
  let count = 0;
  const value = new Proxy(collection, {
    get(target, name) {
      if (name !== "length" && Object.hasOwn(target, name)) count += 1;
      return Reflect.get(target, name);
    },
  });
  return { value, seen: () => count };
}

const manyItems = (item: unknown) => new Array<unknown>(5_000).fill(item);
const manyFields = (item: unknown) => Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`name${i}`, item]));

test("every received collection has a size limit, and its schema is of a kind whose size is checked", (t) => {
  const kinds = [
    "Object",
    "Array",
    "Record",
    "Union",
    "String",
    "Integer",
    "Boolean",
    "Enum",
    "Literal",
    "Null",
    "Unknown",
  ];
  function visit(schema: TSchema, where: string): void {
    const kind = (schema as { "~kind"?: string })["~kind"];
    t.ok(kinds.includes(kind ?? ""), `${where} is a ${kind}`);
    if (Type.IsArray(schema)) t.ok("maxItems" in schema, `${where} bounds its array`);
    if (Type.IsRecord(schema)) {
      t.ok("maxProperties" in schema, `${where} bounds its record`);
      t.equal(Object.keys(schema.patternProperties).length, 1, where);
    }
    for (const part of partsOf(schema)) visit(part, where);
  }
  for (const [name, schema] of received) visit(schema, name);
  t.end();
});

test("a collection that is too large is refused without visiting its items", (t) => {
  let tried = 0;
  for (const [name, schema] of received) {
    const check = createChecker(schema);
    for (const [path, collection, wrap] of collectionsIn(schema, "", (inner) => inner)) {
      const many = Type.IsArray(collection) ? manyItems : manyFields;
      for (const item of [0, "a", "0123456789abcdef01234567", {}]) {
        const { value, seen } = counted(many(item));
        const issues = check(wrap(value));
        t.ok(issues.length > 0 && issues.length <= 8, `${name}${path} is refused, with ${issues.length} issues`);
        t.equal(seen(), 0, `${name}${path}: no item was visited`);
        tried += 1;
      }
    }
  }
  t.ok(tried >= 40, `${tried} were tried`);
  t.end();
});

test("a collection full of invalid items is visited until eight issues are found", (t) => {
  for (const [name, schema] of received) {
    const check = createChecker(schema);
    for (const [path, collection, wrap] of collectionsIn(schema, "", (inner) => inner)) {
      if (!Type.IsArray(collection)) continue;
      const { maxItems = 0 } = collection as { maxItems?: number };
      const { value, seen } = counted(new Array<unknown>(maxItems).fill(-1.5));
      t.ok(check(wrap(value)).length <= 8, `${name}${path}`);
      // Each level of the schema stops at the first issue; nested collections are measured before that.
      const bound = partsOf(collection).some((item) => partsOf(item).length > 0) ? 4 * maxItems : 40;
      t.ok(seen() <= bound, `${name}${path}: ${seen()} of ${maxItems} were visited`);
    }
  }
  t.end();
});

test("a value of another type, however large, is refused with at most eight issues", (t) => {
  for (const [name, schema] of received) {
    if (Type.IsUnknown(schema)) continue;
    const check = createChecker(schema);
    for (const large of [manyItems(0), manyItems({}), manyFields(0), manyFields([])]) {
      const { value, seen } = counted(large);
      const issues = check(value);
      const expected = Compile(schema).Check(large) ? 0 : 1;
      t.ok(issues.length >= expected && issues.length <= 8, `${name}: ${issues.length} issues`);
      t.equal(seen(), 0, `${name}: no item was visited`);
    }
  }
  t.end();
});

test("the checker refuses exactly what TypeBox refuses", (t) => {
  const samples = [
    ...[0, -1, 1.5, "", "a", "0123456789abcdef01234567", true, null, [], {}, ["a"], { a: 1 }, "like", "static", "text"],
    ...["private", "sender", "😀", "\0", "\ud800", "x".repeat(50_000), "online", "x".repeat(129)],
  ];
  // A linear congruential generator (Numerical Recipes, 7.1), so that every run tries the same values.
  let state = 1;
  const below = (n: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * n);
  };
  function made(schema: TSchema): unknown {
    if (below(8) === 0) return samples[below(samples.length)];
    if (Type.IsUnion(schema)) return made(schema.anyOf[below(schema.anyOf.length)]!);
    if (Type.IsArray(schema)) return Array.from({ length: below(4) }, () => made(schema.items));
    if (Type.IsRecord(schema)) return { name: made(partsOf(schema)[0]!) };
    if (Type.IsLiteral(schema)) return schema.const;
    if (Type.IsInteger(schema)) return below(5);
    if (Type.IsBoolean(schema)) return true;
    if (Type.IsEnum(schema)) return schema.enum[0];
    if (Type.IsString(schema))
      return "pattern" in schema && String(schema.pattern).includes("{24}") ? "0123456789abcdef01234567" : "a";
    if (!Type.IsObject(schema)) return null;
    const fields = Object.entries(schema.properties).filter(() => below(8) > 0);
    return Object.fromEntries([
      ...fields.map(([name, field]) => [name, made(field)]),
      ...(below(20) ? [] : [["x", 1]]),
    ]);
  }
  let [taken, refused] = [0, 0];
  for (const [name, schema] of received) {
    const [check, validator] = [createChecker(schema), Compile(schema)];
    for (let i = 0; i < 200; i++) {
      const value = made(schema);
      const fits = validator.Check(value);
      if ((check(value).length === 0) === fits) fits ? taken++ : refused++;
      else t.fail(`${name}: ${JSON.stringify(value).slice(0, 500)}`);
    }
  }
  t.ok(taken > 500 && refused > 500, `${taken} were taken, ${refused} refused`);
  t.end();
});

test("an issue has a path and a message, and never contains the value", (t) => {
  const check = createChecker(StickerManifest);
  const manifest = { key: "Secret", stickers: [{ interactive: { takes: { a: { type: "choice", values: [5] } } } }] };
  const issues = check({ ...manifest, ["x".repeat(500)]: 1 }, 100);
  t.match(Object.fromEntries(issues.map(({ path, message }) => [path, message])), {
    "/key": /pattern/,
    "": /properties title, author/,
    "/stickers/0": /properties id, name/,
    "/stickers/0/interactive/takes/a/values/0": "must be string",
    [`/${"x".repeat(100)}`]: /not a field/,
  });
  t.notMatch(JSON.stringify(issues), /Secret/);
  const union = createChecker(StickerManifest.properties.stickers.items.properties.interactive.properties.takes);
  t.match(union({ a: { type: "colour" } }), [{ path: "/a/type", message: /"choice" or "integer" or "text"/ }]);
  t.match(union({ a: 5 }), [{ path: "/a", message: /one of the kinds/ }]);
  t.end();
});

test("the known part of a value has the fields of its schema, at every depth, and nothing else", (t) => {
  const schema = Type.Object({
    name: Type.String(),
    when: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    items: Type.Array(Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })])),
    anything: Type.Optional(Type.Unknown()),
  });
  const value = JSON.parse(
    '{"name":"x","when":null,"items":[{"a":"1","z":[[]]},{"b":"2","z":1}],"anything":{"z":1},"z":1,"__proto__":{"z":1}}',
  );
  t.strictSame(knownPart(schema, value), {
    name: "x",
    when: null,
    items: [{ a: "1" }, { b: "2" }],
    anything: undefined,
  });
  t.strictSame(knownPart(schema, { name: "x", items: [] }), { name: "x", items: [] });
  t.end();
});
