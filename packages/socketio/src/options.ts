// The engine's options and their defaults.
import type { IncomingMessage } from "node:http";
import { isSendableCode } from "./connection/close-codes.js";
import { ownerIdPattern } from "./engineio/session-id.js";
import type { Handshake, Socket } from "./host/socket.js";
import type { RelayedAnswer, RelayedRequest } from "./relay/relayed-request.js";
import type { HandoverHost } from "./takeover/handover-host.js";
import type { TakeoverAnswer, TakeoverRequest } from "./takeover/takeover-request.js";

/** Times in ms, sizes in bytes. */
export interface EngineOptions {
  /** The path of Socket.IO; "/socket.io/" */
  path?: string;
  /** The path of the plain JSON WebSocket; "/ws", null for none. */
  plainPath?: string | null;
  /** From one pong to the next ping; 25,000 */
  pingInterval?: number;
  /** From a ping to its pong; 20,000 */
  pingTimeout?: number;
  /** From the opening of an upgrade's WebSocket to its end; 10,000 */
  upgradeTimeout?: number;
  /** From the handshake to CONNECT on the main namespace; 45,000 */
  connectTimeout?: number;
  /** From the response of a poll to the next poll, plus a second for each 16 KiB of it; then the session ends. 8,000 */
  pollTimeout?: number;
  /** From a polling POST's head to the end of its body, and from a packet to the last of its attachments; 30,000 */
  postTimeout?: number;
  /** One frame, one polling body, and all attachments of one packet; 1,000,000 */
  maxPayload?: number;
  /** The same until the host calls the socket's `trust()`; as `maxPayload` */
  maxUntrustedPayload?: number;
  /** Bytes of one socket not yet taken by the kernel or a poll; beyond it the socket is closed. 4 MiB */
  sendBudget?: number;
  /** The close code for a socket beyond its budget; 4008 */
  slowConsumerCode?: number;
  /** Sessions that have not sent CONNECT yet; a handshake beyond it is answered 503. 10,000 */
  maxHandshakes?: number;
  /** New sessions and plain sockets per second; those beyond it are answered 503 and retry. No limit by default. */
  maxHandshakesPerSecond?: number;
  /** The same of one client address, with twice as many at once. No limit by default. */
  maxHandshakesPerAddress?: number;
  /** The address of a request's client, whose handshakes are counted together. Default: the peer's. */
  clientAddress?: (request: IncomingMessage) => string;
  /** For polling requests: `true` reflects any origin. Default: no CORS headers. */
  cors?: { origin: string | string[] | true };
  /** Prefixed to every session id as `${ownerId}.`; letters, digits, "-" and "_", at most 64. Default: none. */
  ownerId?: string;
  /**
   * Carries a polling request to the engine with that `ownerId`, whose `handleRelayed` answers it. A GET takes three
   * seconds at most. If it is absent or rejects, the client is told that its session is unknown.
   */
  relay?: (request: RelayedRequest, ownerId: string) => Promise<RelayedAnswer>;
  /**
   * Decides whom to let in, by what came with CONNECT, before it is answered; `handshake.admitted` is what it resolves with. After a
   * rejection with ConnectRefused a socket.io-client emits `connect_error` and does not come back by itself; any other goes to
   * `onError` and ends the session. `connectTimeout` goes on meanwhile. Default: everybody, as with undefined.
   */
  admit?: (handshake: Handshake) => Promise<unknown> | undefined;
  /**
   * Lets the engine that receives an upgrade take the session over from its owner. `ask` carries a request to the engine with
   * that `ownerId`, whose `handleTakeover` answers it; if it rejects, or there is no `takeover`, the client stays on polling.
   */
  takeover?: {
    ask: (request: TakeoverRequest, ownerId: string) => Promise<TakeoverAnswer>;
    host: HandoverHost;
  };
  /** Called with what a host's handler threw, and with a relay's rejection. Default: process.emitWarning. */
  onError?: (error: Error, socket?: Socket) => void;
}

type Optional = "cors" | "ownerId" | "relay" | "takeover" | "admit";
/** The options with every default filled in. */
export type Settings = Required<Omit<EngineOptions, Optional>> & Pick<EngineOptions, Optional>;

/**
 * Fills in the defaults.
 * @throws RangeError for an ownerId, path, time or size that cannot work.
 */
export function resolveOptions(options: EngineOptions): Settings {
  const { ownerId, path = "/socket.io/" } = options;
  if (ownerId !== undefined && !ownerIdPattern.test(ownerId)) throw new RangeError(`invalid ownerId: ${ownerId}`);
  if (!path.startsWith("/")) throw new RangeError(`invalid path: ${path}`);
  const settings = {
    plainPath: "/ws",
    pingInterval: 25_000,
    pingTimeout: 20_000,
    upgradeTimeout: 10_000,
    connectTimeout: 45_000,
    pollTimeout: 8_000,
    postTimeout: 30_000,
    maxPayload: 1_000_000,
    maxUntrustedPayload: options.maxPayload ?? 1_000_000,
    sendBudget: 4 * 1024 * 1024,
    slowConsumerCode: 4008,
    maxHandshakes: 10_000,
    maxHandshakesPerSecond: Number.POSITIVE_INFINITY,
    maxHandshakesPerAddress: Number.POSITIVE_INFINITY,
    clientAddress: (request: IncomingMessage) => request.socket.remoteAddress ?? "",
    onError: (error: Error) => process.emitWarning(error),
    ...options,
    path: path.endsWith("/") ? path : `${path}/`,
  };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "number" && !(value > 0)) throw new RangeError(`${name} must be above 0`);
  }
  if (!isSendableCode(settings.slowConsumerCode)) throw new RangeError("slowConsumerCode cannot be sent");
  return settings;
}
