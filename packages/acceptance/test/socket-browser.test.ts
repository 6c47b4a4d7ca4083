// socket.io-client in a page of another origin, with its defaults: long-polling first, then WebSocket.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { useSystem } from "@khui/test-kit/system";
import t from "tap";
import { anotherOrigin, openBrowser } from "./chromium.js";

const system = await useSystem(t);
const browser = await openBrowser(t);
const client = join(
  dirname(createRequire(import.meta.url).resolve("socket.io-client")),
  "..",
  "..",
  "dist",
  "socket.io.min.js",
);

for (const transports of [["polling"], ["polling", "websocket"]]) {
  t.test(`a page of another origin signs in, by ${transports.join(" and then ")}`, async (t) => {
    const user = system.newUser();
    const page = await (await browser.newContext()).newPage();
    t.teardown(() => page.context().close());
    const answers: Array<Record<string, string>> = [];
    page.on("response", (response) => {
      if (response.url().includes("transport=polling")) answers.push(response.headers());
    });
    await page.goto(await anotherOrigin(t));
    await page.addScriptTag({ path: client });
    const given = JSON.stringify({ url: system.url, token: user.token, userId: user.id, transports });
    const told = await page.evaluate(`new Promise((resolve, reject) => {
      const { url, token, userId, transports } = ${given};
      const socket = io(url, { transports });
      // Refused where a load balancer does not route by session. Either may come before "connect".
      const upgraded = transports.length === 1 ? undefined : new Promise((done) => {
        socket.io.engine.once("upgrade", done);
        socket.io.engine.once("upgradeError", done);
      });
      socket.on("connect_error", reject);
      socket.on("auth_error", (error) => reject(new Error(JSON.stringify(error))));
      socket.on("authenticated", resolve);
      socket.on("connect", async () => {
        await upgraded;
        socket.emit("authenticate", { token, userId });
      });
    })`);
    t.match(told, { userId: user.id });
    t.ok(answers.length > 0);
    for (const headers of answers) {
      t.ok(headers["access-control-allow-origin"]);
      t.notOk("access-control-allow-credentials" in headers, "no cookie is asked for, so none is allowed");
    }
  });
}
