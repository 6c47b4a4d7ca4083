// From a raw event to its handler: flood control, validation, authentication, answer.
import {
  type Acknowledgement,
  ChatError,
  type ClientEventName,
  clientEvents,
  closeCodes,
  createChecker,
  knownPart,
} from "@khui/contracts";
import { toChatError } from "@khui/service";
import { type Telemetry, traced } from "@khui/service/telemetry";
import type { TSchema } from "typebox";
import { type CommandContext, createCommands } from "../commands/commands.js";
import { type AuthenticationContext, authenticate } from "./authentication.js";
import type { Client } from "./client.js";
import type { FloodControl } from "./flood-control.js";
import { bytesOf, mayWait } from "./waiting.js";

export type DispatchOptions = AuthenticationContext &
  CommandContext & {
    readonly floodControl: FloodControl;
    readonly onError: (error: unknown) => void;
    readonly telemetry: Telemetry;
  };

type Ack = ((...args: unknown[]) => void) | undefined;

export interface Dispatch {
  /** Takes one event from a client. Nothing it carries can throw. */
  event(client: Client, name: string, args: readonly unknown[], ack: Ack): void;
  /** Authenticates with what the handshake carried. */
  handshake(client: Client, auth: Readonly<Record<string, unknown>>): void;
}

/** Events for which another service does the work: they count against the same limit as REST requests. Joins have one of their own. */
const limitedEvents: ReadonlySet<string> = new Set([
  "send_message",
  "add_reaction",
  "delete_message",
  "edit_message",
  "mark_as_read",
  "get_online_users",
  "update_status",
]);

export function createDispatch(options: DispatchOptions): Dispatch {
  const { guard, users, floodControl, onError, telemetry } = options;
  const commands = createCommands(options);
  const readAuthentication = createPayloadReader(clientEvents.authenticate.payload);
  const readers = new Map<string, PayloadReader>(
    Object.values(clientEvents).map(({ name, payload }) => [name, createPayloadReader(payload)]),
  );

  async function execute(client: Client, name: ClientEventName, payload: unknown, hasAck: boolean): Promise<unknown> {
    if (name === "authenticate") {
      const answer = await authenticate(options, client, payload as never);
      client.socket.trust();
      return answer;
    }
    const { userId } = client;
    if (limitedEvents.has(name)) {
      const decision = await guard.limits.take(guard.rules.perUser, userId);
      if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
    }
    return commands[name](client, payload as never, hasAck);
  }

  function reject(client: Client, name: string, ack: Ack, error: unknown): void {
    const chatError = toChatError(error);
    if (chatError.status >= 500) onError(error);
    const payload = client.errorPayload(chatError);
    if (name === "authenticate") client.emit("auth_error", payload);
    else if (!ack) client.emit("error", { event: name.slice(0, 64), ...payload });
    ack?.({ success: false, ...payload } satisfies Acknowledgement);
  }

  async function answer(client: Client, name: ClientEventName, payload: unknown, ack: Ack): Promise<void> {
    try {
      const data = await execute(client, name, payload, ack !== undefined);
      ack?.({ success: true, data } satisfies Acknowledgement);
    } catch (error) {
      reject(client, name, ack, error);
    }
  }

  /** Each event is a request of its own, with an id of its own. */
  async function run(client: Client, name: ClientEventName, payload: unknown, ack: Ack): Promise<void> {
    if (client.closed) return;
    if (!telemetry.scopes.active) return answer(client, name, payload, ack);
    const scope = { requestIds: [crypto.randomUUID()], parents: [] };
    await traced(telemetry, scope, { name: `socket ${name}`, kind: "server" }, async () => {
      const startedAt = performance.now();
      await answer(client, name, payload, ack);
      telemetry.log.debug({ event: name, ms: Math.round((performance.now() - startedAt) * 10) / 10 }, "event");
    });
  }

  /** Queues a valid event. What waits has only the fields that are known, so nobody fills memory with others. */
  function enqueue(client: Client, name: ClientEventName, payload: unknown, ack: Ack): void {
    const bytes = bytesOf(payload);
    if (mayWait(client, bytes, users)) client.enqueue(bytes, () => run(client, name, payload, ack));
    else reject(client, name, ack, new ChatError("rate_limited", { retryAfter: 1 }));
  }

  return {
    event(client, name, args, ack) {
      const request = readers.get(name)?.(args[0]) ?? new ChatError("unsupported_event");
      const refused = request instanceof ChatError;
      const decision = floodControl.check(client, name, !refused, Date.now());
      if (decision === "close") client.socket.close(closeCodes.flood.code, closeCodes.flood.reason);
      else if (decision === "reject") reject(client, name, ack, new ChatError("rate_limited", { retryAfter: 1 }));
      else if (refused) reject(client, name, ack, request);
      else enqueue(client, name as ClientEventName, request.payload, ack);
    },
    handshake(client, auth) {
      if (typeof auth.token !== "string") return;
      const payload = { token: auth.token, ...(auth.userId === undefined ? {} : { userId: auth.userId }) };
      const request = readAuthentication(payload);
      if (request instanceof ChatError) reject(client, "authenticate", undefined, request);
      else enqueue(client, "authenticate", request.payload, undefined);
    },
  };
}

/** Reads the argument of an event: its payload, or what is wrong with it. */
type PayloadReader = (value: unknown) => { readonly payload: unknown } | ChatError;

function createPayloadReader(schema: TSchema): PayloadReader {
  const check = createChecker(schema);
  return (value) => {
    const issues = check(value);
    return issues.length > 0
      ? new ChatError("invalid_request", { faults: issues })
      : { payload: knownPart(schema, value) };
  };
}
