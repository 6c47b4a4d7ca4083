// A name server for tests, like that of a cluster: answers with the current addresses of a headless Service. RFC 1035, section 4.
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";

const typeA = 1;
const headerBytes = 12;

export interface Dns {
  readonly port: number;
  /** IPv4 addresses by name. */
  readonly addresses: Map<string, readonly string[]>;
  close(): Promise<void>;
}

export async function startDns(): Promise<Dns> {
  const socket = createSocket("udp4");
  const addresses = new Map<string, readonly string[]>();
  socket.on("message", (query, { port, address }) => socket.send(answer(query, addresses), port, address));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    port: (socket.address() as AddressInfo).port,
    addresses,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answer(query: Buffer, addresses: ReadonlyMap<string, readonly string[]>): Buffer {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  const known = addresses.get(labels.join(".").toLowerCase());
  const found = query.readUInt16BE(at + 1) === typeA ? (known ?? []) : [];
  const header = Buffer.from(query.subarray(0, headerBytes));
  // A response with recursion; NXDOMAIN for unknown names.
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(found.length, 6);
  header.writeUInt16BE(0, 10);
  // A pointer to the question's name, type A, class IN, one second, four bytes.
  const records = found.map((ip) =>
    Buffer.from([0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...ip.split(".").map(Number)]),
  );
  return Buffer.concat([header, query.subarray(headerBytes, end), ...records]);
}
