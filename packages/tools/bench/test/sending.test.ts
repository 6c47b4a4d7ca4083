// How the load generator sends: in a closed loop, or at a rate whatever the answers do.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Test, test } from "tap";
import { sendMessages } from "../src/sending.js";

/** Answers each request with the status, when `release` lets it. */
async function serve(t: Test, status: number, release: () => Promise<void> = async () => {}) {
  const contents: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer(async (request, response) => {
    mostOpen = Math.max(mostOpen, ++open);
    let body = "";
    for await (const chunk of request) body += chunk;
    contents.push((JSON.parse(body) as { content: string }).content);
    await release();
    open--;
    response.writeHead(status, { "content-length": 0 }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, contents, mostOpen: () => mostOpen };
}

const targets = [{ roomId: "r", tokens: ["t"] }];

test("a closed loop keeps every connection busy and counts each answer once", async (t) => {
  const server = await serve(t, 201);
  const announced: string[] = [];
  const plan = { url: server.url, targets, connections: 4, seconds: 0.2, label: "x" };
  const sent = await sendMessages(plan, (content) => announced.push(content));
  t.equal(sent.acknowledged, server.contents.length);
  t.equal(sent.latencies.length, sent.acknowledged);
  t.equal(sent.failed, 0);
  t.equal(new Set(server.contents).size, server.contents.length, "each message is distinct");
  t.same([...announced].sort(), [...server.contents].sort());
});

test("what is not answered with 201 counts as failed", async (t) => {
  const server = await serve(t, 429);
  const sent = await sendMessages({ url: server.url, targets, connections: 2, seconds: 0.1, label: "x" }, () => {});
  t.equal(sent.acknowledged, 0);
  t.equal(sent.failed, server.contents.length);
});

test("at a rate, requests become due whether earlier ones are answered or not, and wait for a connection", async (t) => {
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const server = await serve(t, 201, () => gate);
  let due = 0;
  const plan = { url: server.url, targets, connections: 2, seconds: 0.3, rate: 100, label: "x" };
  const sent = await sendMessages(plan, () => {
    due++;
    // No request is answered before all are due.
    if (due === 30) letGo();
  });
  t.equal(due, 30);
  t.equal(sent.acknowledged, 30);
  t.equal(server.contents.length, 30);
  t.equal(server.mostOpen(), 2);
});
