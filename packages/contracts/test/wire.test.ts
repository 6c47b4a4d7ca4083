import { test } from "tap";
import { decodeWire, encodeWire, entryBody } from "../src/index.js";

test("decoding a wire message returns its header, and its body untouched", (t) => {
  const body = '{"message":{"content":"สวัสดี\\nline"}}';
  const { header, body: read } = decodeWire(encodeWire({ seq: 7, event: "new_message" }, body));
  t.same(header, { seq: 7, event: "new_message" });
  t.equal(read, body);
  t.equal(entryBody("r", 7, body), `{"chatRoomId":"r","seq":7,"message":{"content":"สวัสดี\\nline"}}`);
  t.end();
});

test("a malformed wire message is refused", (t) => {
  t.throws(() => decodeWire(Buffer.from("no header")), SyntaxError);
  t.throws(() => decodeWire(Buffer.from("not json\n{}")), SyntaxError);
  t.end();
});
