// The owner's side of the relay: answers polling requests that other engines received for sessions of this one.
import type { EngineContext } from "../context.js";
import { PollingExchange, type ResponseHeaders } from "../engineio/polling-exchange.js";
import { corsHeaders } from "../http/cors.js";
import { respondToPost } from "../http/polling-requests.js";
import { queryOf } from "../http/url.js";
import type { RelayedAnswer, RelayedRequest } from "./relayed-request.js";

/** A relayed poll is released after this, so that a client whose engine has died finds out with its next poll. */
const maxRelayedPollMs = 3_000;

/** Answers a polling request that another engine received. Never relays it further, and never rejects. */
export function answerRelayed(context: EngineContext, request: RelayedRequest): Promise<RelayedAnswer> {
  return new Promise((resolve) => {
    const exchange = new RelayedExchange(resolve, corsHeaders(context.settings.cors, request.headers.origin));
    const session = context.sessions.get(request.sid);
    const { transport } = queryOf(request.search);
    if (transport !== "polling") exchange.refuse(transport === "websocket" ? 3 : 0);
    else if (!session) exchange.refuse(context.movedSessions.has(request.sid) ? 3 : 1);
    else if (request.method === "GET") {
      session.onPoll(exchange);
      setTimeout(() => session.releasePoll(exchange), maxRelayedPollMs).unref();
    } else if (!session.beginPost()) exchange.refuse(3);
    else {
      const fits = Buffer.byteLength(request.body) <= session.maxPayload;
      void session.finishPost(fits ? request.body : undefined).then((valid) => {
        if (valid) respondToPost(exchange, fits ? Buffer.alloc(0) : "too large");
        else exchange.refuse(3);
      });
    }
  });
}

/** A request that another engine received, which also passes on the answer. */
class RelayedExchange extends PollingExchange {
  readonly #resolve: (answer: RelayedAnswer) => void;

  constructor(resolve: (answer: RelayedAnswer) => void, cors: ResponseHeaders) {
    super(cors);
    this.#resolve = resolve;
  }

  /** The other engine does not report that a client has disconnected; that no further poll comes shows it. */
  onAbandoned(): void {}

  protected write(status: number, headers: ResponseHeaders, body: Buffer, onFlushed?: () => void): void {
    this.#resolve({ status, headers, body: body.toString() });
    onFlushed?.();
  }
}
