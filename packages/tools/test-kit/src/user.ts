// A person with a token: their REST requests and their sockets.
import type { RouteAnswer, routes } from "@khui/contracts";
import type { Client, ConnectOptions } from "./client.js";

type Routes = typeof routes;
type Data = RouteAnswer<
  Routes["sendMessage" | "deleteMessage" | "addReaction" | "forwardMessage" | "markRead"]
>["data"];
type Both<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** The union of the fields of all answers: a test knows which of them to expect. */
export interface Answer {
  readonly [field: string]: unknown;
  readonly success: boolean;
  readonly message: string;
  readonly chatRoom: RouteAnswer<Routes["createRoom"]>["chatRoom"];
  readonly chatRooms: RouteAnswer<Routes["listRooms"]>["chatRooms"];
  readonly participants: RouteAnswer<Routes["listParticipants"]>["participants"];
  readonly messages: RouteAnswer<Routes["listMessages"]>["messages"];
  readonly seq: number;
  readonly hasMore: boolean;
  readonly pagination: RouteAnswer<Routes["listRooms"]>["pagination"];
  readonly stats: RouteAnswer<Routes["roomStats"]>["stats"];
  readonly data: Both<Data>;
  readonly count: number;
  /** Present on failures. */
  readonly statusCode: number;
  readonly error: string;
  readonly code: string;
  readonly details: unknown;
}

export interface Reply {
  readonly status: number;
  /** Empty when the answer is not JSON. */
  readonly body: Answer;
  readonly headers: Headers;
}

/** Header fields to add or, by the same name in lower case, to replace. */
type Fields = Readonly<Record<string, string>>;

/** Paths are those after /api/v1/chat; bodies are sent as JSON. Every status is an answer: only a lost connection rejects. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  get(path: string, headers?: Fields): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Fields): Promise<Reply>;
  put(path: string, body?: unknown, headers?: Fields): Promise<Reply>;
  delete(path: string, body?: unknown, headers?: Fields): Promise<Reply>;
  /** Connected and authenticated; closed at the end of the test that useSystem was given. */
  connect(options?: ConnectOptions): Promise<Client>;
}

/** Creates a user's client of the API at `url`. With `timeoutMs`, a request that takes longer rejects (TimeoutError). */
export function createUser(
  url: string,
  { id, name, token }: Pick<User, "id" | "name" | "token">,
  connect: User["connect"],
  timeoutMs?: number,
): User {
  const request = async (method: string, path: string, body: unknown, headers: Fields = {}): Promise<Reply> => {
    const response = await fetch(`${url}/api/v1/chat${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    return { status: response.status, body: json ? JSON.parse(text) : {}, headers: response.headers };
  };
  return {
    id,
    name,
    token,
    get: (path, headers) => request("GET", path, undefined, headers),
    post: (path, body, headers) => request("POST", path, body, headers),
    put: (path, body, headers) => request("PUT", path, body, headers),
    delete: (path, body, headers) => request("DELETE", path, body, headers),
    connect,
  };
}
