// `filename*` in the header of a form's file.
import { PassThrough } from "node:stream";
import { test } from "tap";
import { watchExtendedName } from "../src/uploads/extended-name.js";

const thai = "filename*=utf-8''%E0%B8%A3%E0%B8%B9%E0%B8%9B.png";
const header = (parameters: string) => `--x\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n`;

/** What is found in a form that arrives in chunks of this many bytes. */
async function found(form: string, size = 1_000): Promise<string | undefined> {
  const body = new PassThrough();
  const name = watchExtendedName(body);
  const bytes = Buffer.from(form);
  for (let at = 0; at < bytes.length; at += size) body.write(bytes.subarray(at, at + size));
  body.end();
  await body
    .resume()
    .toArray()
    .catch(() => undefined);
  return name();
}

test("it is found wherever it stands, also across chunks", async (t) => {
  for (const parameters of [
    `name=file; filename=__.png; ${thai}`,
    `name="file"; filename="??.png"; ${thai}`,
    `name="file"; ${thai}; filename="__.png"`,
  ]) {
    const form = `${header('name="type"')}image\r\n${header(parameters)}bytes`;
    for (const size of [1, 7, 1_000]) t.equal(await found(form, size), "รูป.png", `${parameters} by ${size}`);
  }
});

test("there is none in ordinary forms, other fields, or names that are not encoded", async (t) => {
  for (const parameters of [
    'name="file"; filename="a.png"',
    `name="content"; ${thai}`,
    `name="profile"; filename="file"; ${thai}`,
    "name=file; filename*=utf-8''%E0%B8",
    "name=file; filename*=iso-8859-1''%e9",
  ]) {
    t.equal(await found(header(parameters)), undefined, parameters);
  }
});
