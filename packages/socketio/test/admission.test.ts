// The host decides on a client's CONNECT before it is answered.
import { ask, connect, next, openPolling, openRaw, start, webSocketQuery } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { ConnectRefused, type EngineOptions, type Handshake } from "../src/index.js";

const refusal = { code: "invalid_token", details: { at: [1] } };

/** Lets in whoever has the token "good". */
const admit: EngineOptions["admit"] = async ({ auth }) => {
  if (auth.token !== "good") throw new ConnectRefused("not you", refusal);
  return { user: "ann" };
};

for (const transports of [["polling", "websocket"], ["polling"], ["websocket"]]) {
  test(`${transports}: a refused client emits connect_error and stays away until its app connects it again`, async (t) => {
    const handshakes: Handshake[] = [];
    const { url, engine, errors } = await start(t, { admit }, (_socket, handshake) => handshakes.push(handshake));
    let token = "bad";
    const client = connect(t, url, { transports, auth: (give) => give({ token }) });
    const [error] = await next(client, "connect_error");
    t.match(error, { message: "not you", data: refusal });
    t.notOk(client.active, "it does not come back by itself");
    await until("no session left", () => engine.stats().sessions === 0);
    t.strictSame(handshakes, [], "the host has never had the socket");
    token = "good";
    client.connect();
    await next(client, "connect");
    t.match(handshakes, [{ auth: { token: "good" }, admitted: { user: "ann" } }]);
    t.strictSame(errors, []);
  });
}

test("a refused client may send CONNECT again in the same session", async (t) => {
  const { url, engine } = await start(t, { admit }, () => {});
  const raw = await openRaw(t, url + webSocketQuery);
  raw.socket.send('40{"token":"bad"}');
  await until("the refusal", () => raw.texts.length === 2);
  t.equal(raw.texts[1], `44${JSON.stringify({ message: "not you", data: refusal })}`);
  t.match(engine.stats(), { handshaking: 1, sockets: { websocket: 0 } });
  raw.socket.send('40{"token":"good"}');
  await until("the answer", () => raw.texts.length === 3);
  t.match(raw.texts[2], /^40\{"sid":/);
  t.match(engine.stats(), { handshaking: 0, sockets: { websocket: 1 } });
});

test("a decision that fails goes to onError and ends the session, so that a client comes back", async (t) => {
  let asked = 0;
  const decide = async () => {
    asked += 1;
    if (asked === 1) throw new Error("no answer");
  };
  const { url, errors } = await start(t, { admit: decide }, () => {});
  const client = connect(t, url, { transports: ["websocket"] });
  await next(client, "connect");
  t.equal(asked, 2);
  t.strictSame(
    errors.map(({ message }) => message),
    ["no answer"],
  );
});

test("while the host decides nothing else is taken, and a client that is gone or late is not let in", async (t) => {
  const decisions: Array<() => void> = [];
  const sockets: unknown[] = [];
  const options = { admit: () => new Promise<void>((resolve) => decisions.push(resolve)), connectTimeout: 300 };
  const { url, engine } = await start(t, options, (socket) => sockets.push(socket));
  for (const packet of ["40", '42["event"]', "41"]) {
    const raw = await openRaw(t, url + webSocketQuery);
    raw.socket.send("40");
    raw.socket.send(packet);
    await until("the close", () => raw.closed !== undefined);
  }
  const session = await openPolling(url);
  await ask(session, "POST", "40");
  await ask(session, "POST", "1");
  const late = await openRaw(t, url + webSocketQuery);
  late.socket.send("40");
  await until("the time-out", () => late.closed !== undefined);
  t.equal(decisions.length, 5);
  for (const decide of decisions) decide();
  await new Promise(setImmediate);
  t.strictSame(sockets, []);
  t.match(engine.stats(), { sessions: 0, handshaking: 0 });
});
