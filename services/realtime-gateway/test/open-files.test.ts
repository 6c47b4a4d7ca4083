// What the limit on open files leaves for sockets.
import { test } from "tap";
import { openFiles } from "../src/open-files.js";

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             1000                 1000                 processes \nMax open files            ${soft.padEnd(20)} 1048576              files     \n`;

test("the soft limit counts, less what is no socket", (t) => {
  t.same(openFiles(limits("65536")), { max: 65_536, sockets: 65_436 });
  t.same(openFiles(limits("64")), { max: 64, sockets: 0 });
  t.equal(openFiles(limits("unlimited")), undefined);
  t.equal(openFiles(""), undefined, "a system that does not tell");
  if (process.platform === "linux") t.ok(openFiles(), "this process has one");
  t.end();
});
