// From a raw event to its handler: flood control, validation, sign-in, answer.
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
import type { Guard } from "@khui/service/http";
import { type Telemetry, traced } from "@khui/service/telemetry";
import { type AuthenticationContext, authenticate } from "./authentication.js";
import { type CommandContext, createCommands } from "./commands.js";
import type { Flood } from "./flood.js";
import type { Session } from "./session.js";

export interface DispatchOptions extends AuthenticationContext, CommandContext {
  readonly guard: Guard;
  readonly flood: Flood;
  readonly onError: (error: unknown) => void;
  readonly telemetry: Telemetry;
}

type Ack = ((...args: unknown[]) => void) | undefined;

export interface Dispatch {
  /** Takes one event from a socket. Nothing it carries can throw. */
  event(session: Session, name: string, args: readonly unknown[], ack: Ack): void;
  /** Signs in with what the handshake carried. */
  handshake(session: Session, auth: Readonly<Record<string, unknown>>): void;
}

/** Events whose work another service does for the user: they count against the same limit as REST requests. */
const writes: ReadonlySet<string> = new Set([
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
  const { guard, flood, onError, telemetry } = options;
  const commands = createCommands(options);
  const checkers = new Map<string, Checker>(
    Object.values(clientEvents).map(({ name, payload }) => [name, createChecker(payload)]),
  );

  async function answer(session: Session, name: string, payload: unknown): Promise<unknown> {
    const check = checkers.get(name);
    if (!check) throw new ChatError("unsupported_event");
    const faults = check(payload);
    if (faults.length > 0) throw new ChatError("invalid_request", { faults });
    if (name === "authenticate") return authenticate(options, session, payload as never);
    const { userId } = session;
    if (writes.has(name)) {
      const verdict = await guard.limits.take(guard.rules.perUser, userId);
      if (!verdict.allowed) throw new ChatError("rate_limited", { retryAfter: verdict.retryAfterSeconds });
    }
    return commands[name as Exclude<ClientEventName, "authenticate">](session, payload as never);
  }

  function refuse(session: Session, name: string, ack: Ack, error: unknown): void {
    const failure = toChatError(error);
    if (failure.status >= 500) onError(error);
    const told = session.failure(failure);
    if (name === "authenticate") session.emit("auth_error", told);
    else if (!ack) session.emit("error", { event: name.slice(0, 64), ...told });
    ack?.({ success: false, ...told } satisfies Acknowledgement);
  }

  /** Each event is a request of its own, with an id of its own. */
  async function run(session: Session, name: string, payload: unknown, ack: Ack): Promise<void> {
    if (session.closed) return;
    if (!telemetry.scopes.active) return take(session, name, payload, ack);
    const scope = { requestIds: [crypto.randomUUID()], parents: [] };
    const event = checkers.has(name) ? name : "unsupported";
    await traced(telemetry, scope, { name: `socket ${event}`, kind: "server" }, async () => {
      const began = performance.now();
      await take(session, name, payload, ack);
      telemetry.log.debug({ event, ms: Math.round((performance.now() - began) * 10) / 10 }, "event");
    });
  }

  async function take(session: Session, name: string, payload: unknown, ack: Ack): Promise<void> {
    try {
      const data = await answer(session, name, payload);
      ack?.({ success: true, data } satisfies Acknowledgement);
    } catch (error) {
      refuse(session, name, ack, error);
    }
  }

  return {
    event(session, name, args, ack) {
      const verdict = flood.admit(session, name, Date.now());
      if (verdict === "close") {
        session.socket.close(closeCodes.flood.code, closeCodes.flood.reason);
        return;
      }
      const accepted = verdict === "pass" && session.enqueue(() => run(session, name, args[0], ack));
      if (!accepted) refuse(session, name, ack, new ChatError("rate_limited", { retryAfter: 1 }));
    },
    handshake(session, auth) {
      if (typeof auth.token !== "string") return;
      const payload = { token: auth.token, ...(auth.userId === undefined ? {} : { userId: auth.userId }) };
      session.enqueue(() => run(session, "authenticate", payload, undefined));
    },
  };
}
