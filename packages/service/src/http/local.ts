// Distinguishes requests made on this machine from requests that a proxy on it forwards.
import { ChatError } from "@khui/contracts";
import type { FastifyInstance, FastifyRequest } from "fastify";

const loopbackPeer = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/;
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;
/** Headers that proxies add (RFC 9110, 7.6.3; RFC 7239; and their predecessors). */
const passedOn = /^(?:via|forwarded|x-forwarded-.*|x-real-ip)$/;

/**
 * Whether the peer is this machine, addresses it by a loopback name, and is not recognizable as a proxy: nginx by default
 * adds no header and puts the name of its upstream in Host, but speaks HTTP/1.0 (until 1.29.6).
 */
export function isLocal({ raw, headers, socket }: FastifyRequest): boolean {
  const { host = "" } = headers;
  return (
    loopbackPeer.test(socket.remoteAddress ?? "") &&
    loopbackHost.test(host) &&
    raw.httpVersion !== "1.0" &&
    !Object.keys(headers).some((name) => passedOn.test(name))
  );
}

/** Answers 404 on these paths to requests that are not local, as the edge does. */
export function keepLocal(app: FastifyInstance, ...paths: string[]): void {
  app.addHook("onRequest", async (request) => {
    if (paths.includes(request.routeOptions.url ?? "") && !isLocal(request)) throw new ChatError("not_found");
  });
}
