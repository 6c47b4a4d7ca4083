// The client's address of a connection that came through an edge.
import type { IncomingHttpHeaders } from "node:http";
import proxyAddr from "@fastify/proxy-addr";

/** Determines the client's address from a request's headers and peer. */
export type AddressOf = (headers: IncomingHttpHeaders, peer: string) => string;

/**
 * Trusts X-Forwarded-For as far as it was written by peers in `trusted`: addresses, networks or the names loopback,
 * linklocal and uniquelocal, separated by commas; false trusts nobody. It is Fastify's own rule for `trustProxy`.
 */
export function clientAddress(trusted: string | false): AddressOf {
  if (trusted === false) return (_headers, peer) => peer;
  const trust = proxyAddr.compile(trusted.split(",").map((part) => part.trim()));
  return (headers, peer) => {
    const request = { headers, socket: { remoteAddress: peer }, connection: { remoteAddress: peer } };
    return proxyAddr(request as unknown as Parameters<typeof proxyAddr>[0], trust);
  };
}

/**
 * What is counted as one client: an IPv4 address, or the first 64 bits of an IPv6 address, since everyone who has one has at
 * least so many (RFC 6177).
 */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [before = [], after = []] = address.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
