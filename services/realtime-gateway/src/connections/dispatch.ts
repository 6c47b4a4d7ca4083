// From a raw event to its handler: flood control, validation, authentication, answer.
import {
  type Acknowledgement,
  ChatError,
  type ClientEventName,
  clientEvents,
  closeCodes,
  createChecker,
  knownPart,
  withoutNulls,
} from "@khui/contracts";
import { toChatError } from "@khui/service";
import type { Identity } from "@khui/service/http";
import { type Telemetry, traced } from "@khui/service/telemetry";
import { ConnectRefused } from "@khui/socketio";
import type { TSchema } from "typebox";
import { type CommandContext, createCommands } from "../commands/commands.js";
import {
  type AuthenticationContext,
  authenticate,
  type Credentials,
  identify,
  isTemporary,
  signIn,
} from "./authentication.js";
import { type Caller, type Client, errorPayload } from "./client.js";
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
  /**
   * Establishes who has the token that the handshake carried, before the client is let in; undefined where it carried none. Resolves
   * with an error where that cannot be told now; rejects with ConnectRefused.
   */
  admit(caller: Caller, auth: Readonly<Record<string, unknown>>): Promise<Admission> | undefined;
  /** Signs in a client that was admitted. */
  welcome(client: Client, admission: Admission): void;
}

/** Who a client is, or why its token could not be verified. */
export type Admission = Identity | ChatError;

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
    if (name === "authenticate") return authenticate(options, client, payload as never);
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
    if (name === "authenticate") {
      client.refused = !isTemporary(chatError);
      client.emit("auth_error", payload);
    } else if (!ack) client.emit("error", { event: name.slice(0, 64).toWellFormed(), ...payload });
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
  async function asRequest<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    if (!telemetry.scopes.active) return work();
    const scope = { requestIds: [crypto.randomUUID()], parents: [] };
    return traced(telemetry, scope, { name: `socket ${name}`, kind: "server" }, async () => {
      const startedAt = performance.now();
      const result = await work();
      telemetry.log.debug({ event: name, ms: Math.round((performance.now() - startedAt) * 10) / 10 }, "event");
      return result;
    });
  }

  async function run(client: Client, name: ClientEventName, payload: unknown, ack: Ack): Promise<void> {
    if (!client.closed) await asRequest(name, () => answer(client, name, payload, ack));
  }

  /** Queues a valid event. What waits has only the fields that are known, so nobody fills memory with others. */
  function enqueue(client: Client, name: ClientEventName, payload: unknown, ack: Ack): void {
    const bytes = bytesOf(payload);
    const queue = name === "authenticate" && client.identity ? client.renewals : client.requests;
    if (mayWait(client, queue, bytes, users)) queue.enqueue(bytes, () => run(client, name, payload, ack));
    else reject(client, name, ack, new ChatError("rate_limited", { retryAfter: 1 }));
  }

  async function admit(caller: Caller, auth: Readonly<Record<string, unknown>>): Promise<Admission> {
    try {
      const { token, userId } = auth;
      const request = readAuthentication({ token, ...(userId === undefined ? {} : { userId }) });
      if (request instanceof ChatError) throw request;
      return await identify(options, caller, request.payload as Credentials);
    } catch (error) {
      const chatError = toChatError(error);
      if (chatError.status >= 500) onError(error);
      if (isTemporary(chatError)) return chatError;
      const payload = errorPayload(chatError, caller.language);
      throw new ConnectRefused(payload.message, payload);
    }
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
    admit(caller, auth) {
      return typeof auth.token === "string" ? asRequest("authenticate", () => admit(caller, auth)) : undefined;
    },
    welcome(client, admission) {
      if (admission instanceof ChatError) client.emit("auth_error", client.errorPayload(admission));
      // What the client asks next waits until it is signed in.
      else client.requests.enqueue(0, () => signIn(options, client, admission).then(() => undefined, onError));
    },
  };
}

/** Reads the argument of an event: its payload, or what is wrong with it. */
type PayloadReader = (value: unknown) => { readonly payload: unknown } | ChatError;

function createPayloadReader(schema: TSchema): PayloadReader {
  const check = createChecker(schema);
  return (given) => {
    const value = withoutNulls(schema, given);
    const issues = check(value);
    return issues.length > 0
      ? new ChatError("invalid_request", { faults: issues })
      : { payload: knownPart(schema, value) };
  };
}
