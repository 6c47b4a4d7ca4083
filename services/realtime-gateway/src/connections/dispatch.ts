// From a raw event to its handler: flood control, validation, authentication, answer.
import {
  type Acknowledgement,
  ChatError,
  type Checker,
  type ClientEventName,
  clientEvents,
  closeCodes,
  createChecker,
} from "@khui/contracts";
import { toChatError } from "@khui/service";
import { type Telemetry, traced } from "@khui/service/telemetry";
import { type CommandContext, createCommands } from "../commands/commands.js";
import { type AuthenticationContext, authenticate } from "./authentication.js";
import type { Client } from "./client.js";
import type { FloodControl } from "./flood-control.js";

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

/** Events for which another service does the work: they count against the same limit as REST requests. */
const limitedEvents: ReadonlySet<string> = new Set([
  "send_message",
  "add_reaction",
  "delete_message",
  "edit_message",
  "mark_as_read",
  "join_chat",
  "get_online_users",
  "update_status",
]);

export function createDispatch(options: DispatchOptions): Dispatch {
  const { guard, floodControl, onError, telemetry } = options;
  const commands = createCommands(options);
  const checkers = new Map<string, Checker>(
    Object.values(clientEvents).map(({ name, payload }) => [name, createChecker(payload)]),
  );

  async function execute(client: Client, name: string, payload: unknown, hasAck: boolean): Promise<unknown> {
    const check = checkers.get(name);
    if (!check) throw new ChatError("unsupported_event");
    const issues = check(payload);
    if (issues.length > 0) throw new ChatError("invalid_request", { faults: issues });
    if (name === "authenticate") return authenticate(options, client, payload as never);
    const { userId } = client;
    if (limitedEvents.has(name)) {
      const decision = await guard.limits.take(guard.rules.perUser, userId);
      if (!decision.allowed) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
    }
    return commands[name as Exclude<ClientEventName, "authenticate">](client, payload as never, hasAck);
  }

  function reject(client: Client, name: string, ack: Ack, error: unknown): void {
    const chatError = toChatError(error);
    if (chatError.status >= 500) onError(error);
    const payload = client.errorPayload(chatError);
    if (name === "authenticate") client.emit("auth_error", payload);
    else if (!ack) client.emit("error", { event: name.slice(0, 64), ...payload });
    ack?.({ success: false, ...payload } satisfies Acknowledgement);
  }

  async function answer(client: Client, name: string, payload: unknown, ack: Ack): Promise<void> {
    try {
      const data = await execute(client, name, payload, ack !== undefined);
      ack?.({ success: true, data } satisfies Acknowledgement);
    } catch (error) {
      reject(client, name, ack, error);
    }
  }

  /** Each event is a request of its own, with an id of its own. */
  async function run(client: Client, name: string, payload: unknown, ack: Ack): Promise<void> {
    if (client.closed) return;
    if (!telemetry.scopes.active) return answer(client, name, payload, ack);
    const scope = { requestIds: [crypto.randomUUID()], parents: [] };
    const event = checkers.has(name) ? name : "unsupported";
    await traced(telemetry, scope, { name: `socket ${event}`, kind: "server" }, async () => {
      const startedAt = performance.now();
      await answer(client, name, payload, ack);
      telemetry.log.debug({ event, ms: Math.round((performance.now() - startedAt) * 10) / 10 }, "event");
    });
  }

  return {
    event(client, name, args, ack) {
      const decision = floodControl.check(client, name, Date.now());
      if (decision === "close") {
        client.socket.close(closeCodes.flood.code, closeCodes.flood.reason);
        return;
      }
      const accepted = decision === "allow" && client.enqueue(() => run(client, name, args[0], ack));
      if (!accepted) reject(client, name, ack, new ChatError("rate_limited", { retryAfter: 1 }));
    },
    handshake(client, auth) {
      if (typeof auth.token !== "string") return;
      const payload = { token: auth.token, ...(auth.userId === undefined ? {} : { userId: auth.userId }) };
      client.enqueue(() => run(client, "authenticate", payload, undefined));
    },
  };
}
