// Polling requests: the handshake, GET and POST of a session here, and those whose session another engine owns.
import type { IncomingMessage, ServerResponse } from "node:http";
import { payloadOf } from "../connection/websocket-frames.js";
import type { EngineContext } from "../context.js";
import { type PollingExchange, textPlain } from "../engineio/polling-exchange.js";
import { EngineSession } from "../engineio/session.js";
import { ownerOf } from "../engineio/session-id.js";
import type { RelayedRequest } from "../relay/relayed-request.js";
import { SocketIoSocket } from "../socketio/socketio-socket.js";
import { type Body, readBody } from "./body.js";
import { corsHeaders, preflightHeaders } from "./cors.js";
import { handshakeOf } from "./handshake.js";
import { lingerAfterResponse } from "./lingering-close.js";
import { LocalExchange } from "./local-exchange.js";
import { type Query, queryOf, targetOf } from "./url.js";

/** Says which engine answered, to a load balancer that sends a session's requests to its owner. */
const ownerIdHeader = "x-owner-id";
const unavailable = '{"message":"Service unavailable"}';

/** Answers one HTTP request under the engine's path. */
export async function handleRequest(
  context: EngineContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "OPTIONS") {
    respondToPreflight(context, request, response);
    return;
  }
  const { cors, ownerId } = context.settings;
  const headers = corsHeaders(cors, request.headers.origin);
  if (ownerId !== undefined) response.setHeader(ownerIdHeader, ownerId);
  const exchange = new LocalExchange(context, response, headers);
  const { search } = targetOf(request.url);
  const query = queryOf(search);
  const { sid, transport } = query;
  if (transport !== "polling" && transport !== "websocket") exchange.refuse(0);
  else if (!sid) openSession(context, request, exchange, query);
  else if (transport === "websocket" || (request.method !== "GET" && request.method !== "POST")) exchange.refuse(3);
  else {
    const session = context.sessions.get(sid);
    if (!session && context.movedSessions.has(sid)) exchange.refuse(3);
    else if (!session) await relay(context, request, exchange, { sid, search });
    else if (request.method === "GET") session.onPoll(exchange);
    else await post(context, request, session, exchange);
  }
}

function respondToPreflight(context: EngineContext, request: IncomingMessage, response: ServerResponse): void {
  const { cors } = context.settings;
  lingerAfterResponse(response);
  response.writeHead(204, {
    ...corsHeaders(cors, request.headers.origin),
    ...preflightHeaders(cors, request.headers["access-control-request-headers"]),
    ...(context.draining ? { connection: "close" } : {}),
  });
  response.end();
}

function openSession(context: EngineContext, request: IncomingMessage, exchange: PollingExchange, query: Query): void {
  if (request.method !== "GET") exchange.refuse(2);
  else if (query.transport === "websocket") exchange.refuse(3);
  else if (query.EIO !== "4") exchange.refuse(5);
  else if (!context.tryHandshake(request)) {
    exchange.respond(503, "application/json", unavailable);
  } else {
    const session = new EngineSession(context, undefined);
    session.listener = new SocketIoSocket(context, session, handshakeOf(request, query));
    exchange.respond(200, textPlain, payloadOf(session.openPacket()));
  }
}

async function post(
  context: EngineContext,
  request: IncomingMessage,
  session: EngineSession,
  exchange: PollingExchange,
): Promise<void> {
  if (!session.beginPost()) {
    exchange.refuse(3);
    return;
  }
  const body = await readBody(context, request, session.maxPayload);
  const valid = await session.finishPost(Buffer.isBuffer(body) ? body.toString() : undefined);
  if (valid) respondToPost(exchange, body);
  else exchange.refuse(3);
}

/** Responds to a POST according to what became of its body. */
export function respondToPost(exchange: PollingExchange, body: Body): void {
  if (body === "too large") exchange.respond(413, textPlain, "");
  else if (body === "too slow") exchange.respond(408, textPlain, "");
  else if (body !== undefined) exchange.respond(200, "text/html", "ok");
}

/** Asks the engine that owns the session, and responds with its answer. */
async function relay(
  context: EngineContext,
  request: IncomingMessage,
  exchange: LocalExchange,
  target: Pick<RelayedRequest, "sid" | "search">,
): Promise<void> {
  const { ownerId, relay: askOwner, maxPayload, clientAddress } = context.settings;
  const owner = ownerOf(target.sid);
  if (!askOwner || owner === undefined || owner === ownerId) {
    exchange.refuse(1);
    return;
  }
  const ask = async (method: RelayedRequest["method"], body: string) => {
    const { origin } = request.headers;
    const headers = origin === undefined ? {} : { origin };
    try {
      exchange.forward(await askOwner({ method, ...target, body, headers }, owner));
    } catch (error) {
      context.reportError(error);
      exchange.refuse(1);
    }
  };
  if (request.method !== "POST") {
    await ask("GET", "");
    return;
  }
  const address = clientAddress(request);
  const bytes = Math.min(Number(request.headers["content-length"] ?? maxPayload), maxPayload);
  if (!context.relayedBodies.tryReserve(address, bytes)) {
    exchange.respond(503, "application/json", unavailable);
    return;
  }
  try {
    const body = await readBody(context, request, maxPayload);
    if (Buffer.isBuffer(body)) await ask("POST", body.toString());
    else respondToPost(exchange, body);
  } finally {
    context.relayedBodies.release(address, bytes);
  }
}
