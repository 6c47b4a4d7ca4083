// The read positions of a small room: asked for once, and shown to everyone who joins within a second.

interface Reading<Mark> {
  text: string | undefined;
  readonly marks: Mark[];
  answered: Promise<void>;
}

const keptMs = 1_000;
/** With more they are asked for again. */
const maxMarks = 1_000;
const markEvents: ReadonlySet<string> = new Set(["message_read", "message_delivered"]);

const none: readonly never[] = [];

/** A text as of some moment, and the marks since: together they are the positions of now. */
export class ReadPositions<Mark> {
  #reading: Reading<Mark> | undefined;

  /** A JSON array; undefined where it has to be read. */
  get text(): string | undefined {
    return this.#reading?.text;
  }

  /** What the room's live events have said about positions since the text was asked for. Each text has a list of its own. */
  get marks(): readonly Mark[] {
    return this.#reading?.marks ?? none;
  }

  /** Resolves when the text has been read, and perhaps forgotten again since. */
  read(ask: () => Promise<string>): Promise<void> {
    if (this.#reading) return this.#reading.answered;
    const reading: Reading<Mark> = { text: undefined, marks: [], answered: Promise.resolve() };
    this.#reading = reading;
    const forget = () => {
      if (this.#reading === reading) this.forget();
    };
    reading.answered = ask().then(
      (text) => {
        reading.text = text;
        setTimeout(forget, keptMs).unref();
      },
      (error) => {
        forget();
        throw error;
      },
    );
    return reading.answered;
  }

  /** Takes note of a live event of the room. */
  note(event: string, mark: Mark): void {
    if (!this.#reading || !markEvents.has(event)) return;
    if (this.#reading.marks.push(mark) > maxMarks) this.forget();
  }

  /** As soon as the people of the room change. */
  forget(): void {
    this.#reading = undefined;
  }
}
