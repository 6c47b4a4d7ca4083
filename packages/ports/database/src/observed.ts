// Reports the beginning and the end of each statement.
import type { AcquireSession, Session } from "./session.js";

/**
 * Called when a statement begins; what it returns is called when it has ended, with its error if it failed. The text has
 * placeholders instead of values, so nothing that people wrote. If there is no connection to run it on, the text is
 * `connect`. Neither function may throw.
 */
export type StatementObserver = (text: string) => (failure?: unknown) => void;

/** The same sessions, observed; scripts (migrations) are not. */
export function observed(acquire: AcquireSession, observe: StatementObserver | undefined): AcquireSession {
  if (!observe) return acquire;
  return async () => {
    const session = await acquire().catch((error: unknown) => {
      observe("connect")(error);
      throw error;
    });
    return {
      query: (text, parameters) => queryObserved(session, observe, text, parameters),
      script: (text) => session.script(text),
      release: () => session.release(),
    };
  };
}

async function queryObserved(
  session: Session,
  observe: StatementObserver,
  text: string,
  parameters: readonly unknown[],
): ReturnType<Session["query"]> {
  const ended = observe(text);
  try {
    const answer = await session.query(text, parameters);
    ended();
    return answer;
  } catch (error) {
    ended(error);
    throw error;
  }
}
