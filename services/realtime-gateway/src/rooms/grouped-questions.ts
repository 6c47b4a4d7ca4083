// Group commit for questions: what is asked while some are in flight goes into the next one together.
import { ChatError } from "@khui/contracts";

export interface GroupedQuestions<Item, Answer> {
  /** The answer for this item. Throws what its question failed with; service_unavailable after waiting 5 s to be asked. */
  ask(item: Item): Promise<Answer>;
}

export interface GroupedQuestionsOptions<Item, Answer> {
  /** Asks for some items. Resolves with the answers for the first of them, in order; those that are left go into the next question. */
  readonly ask: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Items in one question. */
  readonly maxItems: number;
}

/** Questions in flight: one is asked while the others are answered. */
const maxInFlight = 3;
const maxWaitMs = 5_000;

interface Waiting<Item, Answer> {
  readonly item: Item;
  /** Of `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupedQuestions<Item, Answer>({
  ask,
  maxItems,
}: GroupedQuestionsOptions<Item, Answer>): GroupedQuestions<Item, Answer> {
  let waiting: Array<Waiting<Item, Answer>> = [];
  let inFlight = 0;
  let scheduled = false;

  function start(): void {
    while (inFlight < maxInFlight) {
      const asked = take();
      if (asked.length === 0) return;
      inFlight++;
      void askFor(asked).finally(() => {
        inFlight--;
        start();
      });
    }
  }

  function take(): Array<Waiting<Item, Answer>> {
    const now = performance.now();
    const late = waiting.filter(({ deadline }) => deadline < now);
    if (late.length > 0) waiting = waiting.filter(({ deadline }) => deadline >= now);
    for (const { reject } of late) reject(new ChatError("service_unavailable", { retryAfter: 1 }));
    return waiting.splice(0, maxItems);
  }

  /** Never rejects. */
  async function askFor(asked: Array<Waiting<Item, Answer>>): Promise<void> {
    try {
      const answers = await ask(asked.map(({ item }) => item));
      for (const [n, { resolve }] of asked.slice(0, answers.length).entries()) resolve(answers[n] as Answer);
      waiting.unshift(...asked.slice(answers.length));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  return {
    ask(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, deadline: performance.now() + maxWaitMs, resolve, reject });
        if (scheduled) return;
        scheduled = true;
        // What is asked in the same turn of the event loop goes together.
        setImmediate(() => {
          scheduled = false;
          start();
        });
      });
    },
  };
}
