// One operation, sent over REST or a socket until it is answered.
import { setTimeout as sleep } from "node:timers/promises";
import type { Follower } from "@khui/test-kit/follower";
import type { Random } from "@khui/test-kit/random";
import type { Reply } from "@khui/test-kit/user";

export interface Operation {
  readonly kind: string;
  rest(): Promise<Reply>;
  /** The same by socket, where there is such an event. */
  readonly socket?: { readonly event: string; readonly payload: object };
  /** Refusals that actions of others explain. */
  readonly mayBe?: readonly string[];
}

export interface Outcome {
  readonly ok: boolean;
  /** The fields of the answer besides `success`; REST's `data`, or a socket's. */
  readonly data: unknown;
  readonly code: string | undefined;
  /** False when an earlier try may have taken effect too, or may still do so. */
  readonly clean: boolean;
}

export interface Tally {
  tries: number;
  /** Tries without an answer, by what happened instead. */
  readonly unanswered: Map<string, number>;
  /** Unexplained refusals: permanent ones, and internal errors that are not reported as an outage. */
  readonly refused: string[];
}

/** Nothing was done: the socket is not authenticated, or the limit was reached. */
const notDone: ReadonlySet<string> = new Set(["unauthorized", "rate_limited", "not connected"]);
const retryMs = { least: 100, most: 400 };

/** One try: its answer, or the reason why there is none. */
type Try = { readonly answered: true; ok: boolean; data: unknown; code?: string } | { answered: false; reason: string };

async function overRest({ rest }: Operation): Promise<Try> {
  try {
    const { status, body } = await rest();
    if (body.success) return { answered: true, ok: true, data: body.data };
    if (status >= 500 || status === 429 || body.code === undefined)
      return { answered: false, reason: `${status} ${body.code ?? ""}`.trim() };
    return { answered: true, ok: false, data: undefined, code: body.code };
  } catch (error) {
    return { answered: false, reason: error instanceof Error && error.name === "TimeoutError" ? "late" : "cut off" };
  }
}

const temporary: ReadonlySet<string> = new Set(["service_unavailable", "internal_error", ...notDone]);

async function overSocket(follower: Follower, { event, payload }: NonNullable<Operation["socket"]>): Promise<Try> {
  if (!follower.isBack) return { answered: false, reason: "not connected" };
  try {
    const answer = await follower.line.ask(event, payload);
    if (answer.success) return { answered: true, ok: true, data: answer.data };
    if (temporary.has(answer.code)) return { answered: false, reason: answer.code };
    return { answered: true, ok: false, data: undefined, code: answer.code };
  } catch (error) {
    return { answered: false, reason: /time|late|no answer/.test(String(error)) ? "late" : "cut off" };
  }
}

/** Retries until there is an answer; undefined when it is aborted before. */
export async function askUntilAnswered(
  follower: Follower,
  operation: Operation,
  random: Random,
  tally: Tally,
  givenUp: AbortSignal,
): Promise<Outcome | undefined> {
  let clean = true;
  while (!givenUp.aborted) {
    tally.tries++;
    const { socket } = operation;
    const one = socket && random.chance(0.5) ? await overSocket(follower, socket) : await overRest(operation);
    if (one.answered) {
      const { ok, data, code } = one;
      if (!ok && !operation.mayBe?.includes(code ?? "")) {
        tally.refused.push(
          `${operation.kind} of ${follower.user.id} was refused: ${code}${clean ? "" : " (tried again)"}`,
        );
      }
      return { ok, data, code, clean };
    }
    tally.unanswered.set(one.reason, (tally.unanswered.get(one.reason) ?? 0) + 1);
    if (one.reason.includes("internal_error"))
      tally.refused.push(`${operation.kind} of ${follower.user.id}: ${one.reason}`);
    if (!notDone.has(one.reason)) clean = false;
    await sleep(random.between(retryMs.least, retryMs.most));
  }
  return undefined;
}
