// The load generator's HTTP connection, against a real server.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type Test, test } from "tap";
import { openConnection, requestText } from "../src/http-connection.js";

async function serve(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("one connection carries request after request, with token and body", async (t) => {
  const seen: string[] = [];
  const ports = new Set<number | undefined>();
  const url = await serve(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
    ports.add(request.socket.remotePort);
    response.statusCode = 201;
    response.end(JSON.stringify({ text: "สวัสดี", n: seen.length }));
  });
  const connection = await openConnection(url);
  t.teardown(() => connection.close());
  const first = await connection.ask(requestText("POST", "/a", "t1", '{"x":"ก"}'));
  const second = await connection.ask(requestText("GET", "/b", "t2"));
  t.equal(first.status, 201);
  t.same(JSON.parse(String(first.body)), { text: "สวัสดี", n: 1 });
  t.same(JSON.parse(String(second.body)), { text: "สวัสดี", n: 2 });
  t.same(seen, ['POST /a Bearer t1 {"x":"ก"}', "GET /b Bearer t2 "]);
  t.equal(ports.size, 1);
});

test("a response in several chunks is put together", async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-length": 6 });
    response.write("one");
    setImmediate(() => response.end("two"));
  });
  const connection = await openConnection(url);
  t.teardown(() => connection.close());
  const { body } = await connection.ask(requestText("GET", "/", "t"));
  t.equal(String(body), "onetwo");
});

test("a connection that the server closes fails the request", async (t) => {
  const url = await serve(t, (request) => request.socket.destroy());
  const connection = await openConnection(url);
  await t.rejects(connection.ask(requestText("GET", "/", "t")), /closed|reset/i);
  await t.rejects(connection.ask(requestText("GET", "/", "t")), /closed/);
});

test("a response without a length is refused", async (t) => {
  const url = await serve(t, (_request, response) => {
    response.write("chunked");
  });
  const connection = await openConnection(url);
  await t.rejects(connection.ask(requestText("GET", "/", "t")), /without a length/);
});
