// Polling requests: handshake, GET and POST of a session, and those that belong to another engine.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Body, readBody } from "./body.js";
import { corsHeaders, preflightHeaders } from "./cors.js";
import { type Exchange, LocalExchange, RelayedExchange } from "./exchange.js";
import { payloadOf } from "./frames.js";
import type { Hub } from "./hub.js";
import { closeBehind } from "./lingering.js";
import { ownerOf, type RelayedAnswer, type RelayedRequest } from "./options.js";
import { Session } from "./session.js";
import { SocketIoSocket } from "./socketio-socket.js";
import { queryOf, targetOf } from "./url.js";

const text = "text/plain; charset=UTF-8";

/** Answers one HTTP request under the engine's path. */
export async function handleRequest(hub: Hub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { cors } = hub.settings;
  const { origin } = request.headers;
  const headers = corsHeaders(cors, origin);
  if (request.method === "OPTIONS") {
    closeBehind(response);
    response.writeHead(204, {
      ...headers,
      ...preflightHeaders(cors, request.headers["access-control-request-headers"]),
      ...(hub.closed ? { connection: "close" } : {}),
    });
    response.end();
    return;
  }
  const exchange = new LocalExchange(hub, response, headers);
  const { search } = targetOf(request.url);
  const query = queryOf(search);
  const { sid, transport } = query;
  if (transport !== "polling" && transport !== "websocket") exchange.refuse(0);
  else if (!sid) handshake(hub, request, exchange, query);
  else if (transport === "websocket" || (request.method !== "GET" && request.method !== "POST")) exchange.refuse(3);
  else {
    const session = hub.sessions.get(sid);
    if (!session) await relay(hub, request, exchange, sid, search);
    else if (request.method === "GET") session.onPoll(exchange);
    else await post(hub, request, session, exchange);
  }
}

function handshake(hub: Hub, request: IncomingMessage, exchange: Exchange, query: Record<string, string>): void {
  if (request.method !== "GET") exchange.refuse(2);
  else if (query.transport === "websocket") exchange.refuse(3);
  else if (query.EIO !== "4") exchange.refuse(5);
  else if (!hub.admit()) exchange.answer(503, "application/json", '{"message":"Service unavailable"}');
  else {
    const session = new Session(hub, undefined);
    session.receiver = new SocketIoSocket(hub, session, {
      auth: {},
      query,
      headers: request.headers,
      address: request.socket.remoteAddress ?? "",
    });
    exchange.answer(200, text, payloadOf(session.openPacket()));
  }
}

async function post(hub: Hub, request: IncomingMessage, session: Session, exchange: Exchange): Promise<void> {
  if (!session.beginPost()) {
    exchange.refuse(3);
    return;
  }
  const body = await readBody(hub, request);
  await session.finishPost(Buffer.isBuffer(body) ? body.toString() : undefined);
  answerPost(exchange, body);
}

function answerPost(exchange: Exchange, body: Body): void {
  if (body === "too large") exchange.answer(413, text, "");
  else if (body === "too slow") exchange.answer(408, text, "");
  else if (body !== undefined) exchange.answer(200, "text/html", "ok");
}

async function relay(
  hub: Hub,
  request: IncomingMessage,
  exchange: LocalExchange,
  sid: string,
  search: string,
): Promise<void> {
  const owner = ownerOf(sid);
  const take = hub.settings.relay;
  if (!take || owner === undefined || owner === hub.settings.ownerId) {
    exchange.refuse(1);
    return;
  }
  const method = request.method === "POST" ? "POST" : "GET";
  const body = method === "POST" ? await readBody(hub, request) : Buffer.alloc(0);
  if (!Buffer.isBuffer(body)) {
    answerPost(exchange, body);
    return;
  }
  const { origin } = request.headers;
  const headers = origin === undefined ? {} : { origin };
  let answer: RelayedAnswer;
  try {
    answer = await take({ method, sid, search, body: body.toString(), headers }, owner);
  } catch (error) {
    hub.report(error);
    exchange.refuse(1);
    return;
  }
  exchange.pass(answer);
}

/** A relayed poll ends after this, so that a client whose engine has died learns of it by its next one. */
const relayedPollMs = 3_000;

/** Answers a polling request that another engine received. Never relays it on, and never rejects. */
export function answerRelayed(hub: Hub, request: RelayedRequest): Promise<RelayedAnswer> {
  return new Promise((resolve) => {
    const exchange = new RelayedExchange(resolve, corsHeaders(hub.settings.cors, request.headers.origin));
    const session = hub.sessions.get(request.sid);
    const { transport } = queryOf(request.search);
    if (transport !== "polling") exchange.refuse(transport === "websocket" ? 3 : 0);
    else if (!session) exchange.refuse(1);
    else if (request.method === "GET") {
      session.onPoll(exchange);
      setTimeout(() => session.releasePoll(exchange), relayedPollMs).unref();
    } else if (!session.beginPost()) exchange.refuse(3);
    else {
      const fits = Buffer.byteLength(request.body) <= hub.settings.maxPayload;
      void session
        .finishPost(fits ? request.body : undefined)
        .then(() => answerPost(exchange, fits ? Buffer.alloc(0) : "too large"));
    }
  });
}
