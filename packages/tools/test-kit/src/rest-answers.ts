// Checks REST answers against the contracts, and the few requests that nearly every REST test makes.
import { randomBytes } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { type ErrorCode, errors, errorText, type Message, type Route, type RouteAnswer, routes } from "@khui/contracts";
import type { Test } from "tap";
import { Compile, type Validator } from "typebox/compile";
import type { System, User } from "./system.js";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

const validators = new Map<Route, Validator>();

/**
 * The body of a successful answer. Fails unless the status is the contract's (or `status`), every field is valid, and
 * there is no field that the contract does not know.
 */
export function good<R extends Route>(t: Test, route: R, answer: Answer, status?: number): RouteAnswer<R> {
  const called = `${route.method} ${route.url}`;
  const expected = status ?? route.status ?? 200;
  if (answer.status !== expected) {
    throw new Error(`${called} answered ${answer.status}, not ${expected}: ${JSON.stringify(answer.body)}`);
  }
  const validator = validators.get(route) ?? Compile(route.answer);
  validators.set(route, validator);
  const { success, ...fields } = answer.body as Record<string, unknown>;
  t.equal(success, true, `${called} says success`);
  t.same(validator.Errors(fields), [], `${called} answers as its contract says`);
  const known = Object.keys((route.answer as { properties?: object }).properties ?? {});
  t.same(Object.keys(fields).sort(), known.sort(), `${called} answers these fields`);
  return fields as RouteAnswer<R>;
}

/** Fails unless the answer is this failure, complete and in the standard shape. `what` names the request where many are similar. */
export function refused(t: Test, answer: Answer, code: ErrorCode, what = "", language: "th" | "en" = "th"): void {
  const { details, ...body } = (answer.body ?? {}) as Record<string, unknown>;
  const { status } = errors[code];
  const expected = {
    success: false,
    statusCode: status,
    error: STATUS_CODES[status],
    code,
    message: errorText(code, language, details),
  };
  t.same({ status: answer.status, body }, { status, body: expected }, `${what} refused with ${code}`.trim());
}

/** A raw request, for what a well-behaved client never sends. `path` follows /api/v1/chat. */
export async function rawRequest(
  system: Pick<System, "url">,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await fetch(`${system.url}/api/v1/chat${path}`, init);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

export const bearer = (user: Pick<User, "token">) => ({ authorization: `Bearer ${user.token}` });
export const json = { "content-type": "application/json" };

/** A well-formed id of nothing. */
export const unknownId = (): string => randomBytes(12).toString("hex");

/** Sends a text; extra fields go into the body. */
export async function sendText(
  t: Test,
  user: User,
  roomId: string,
  content: string,
  extra: Record<string, unknown> = {},
): Promise<Message> {
  return good(t, routes.sendMessage, await user.post(`/rooms/${roomId}/messages`, { type: "text", content, ...extra }))
    .data;
}

/** Sends texts one after the other. */
export async function sendTexts(t: Test, user: User, roomId: string, contents: readonly string[]): Promise<Message[]> {
  const sent: Message[] = [];
  for (const content of contents) sent.push(await sendText(t, user, roomId, content));
  return sent;
}

/** A page of messages; `query` without its question mark. */
export async function pageOf(t: Test, user: User, roomId: string, query = "") {
  return good(t, routes.listMessages, await user.get(`/rooms/${roomId}/messages${query && `?${query}`}`));
}

/** The message with this id in the newest page, as the user sees it. */
export async function find(t: Test, user: User, roomId: string, messageId: string): Promise<Message | undefined> {
  return (await pageOf(t, user, roomId, "limit=100")).messages.find(({ _id }) => _id === messageId);
}

/** The room as the user sees it, the same in its details and in the room list. */
export async function roomOf(t: Test, user: User, roomId: string) {
  const { chatRoom } = good(t, routes.getRoom, await user.get(`/rooms/${roomId}`));
  const { chatRooms } = good(t, routes.listRooms, await user.get("/rooms?limit=100"));
  t.same(
    chatRooms.find(({ _id }) => _id === roomId),
    chatRoom,
    "the list describes the room as its details do",
  );
  return chatRoom;
}
