// The issues for which a sticker set is refused, reported all at once.
import { ChatError } from "@khui/contracts";

/** `path` is a file's name in the archive, or a JSON pointer into its manifest, which begins with `/`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

export const maxIssues = 200;

/** The refusal with its issues, so that an author can fix all of them: each once, `maxIssues` at most, of limited length. */
export function invalidSet(issues: readonly Issue[]): ChatError {
  const unique = new Map<string, Issue>();
  for (const { path, message } of issues) {
    const issue = { path: path.slice(0, 200).toWellFormed(), message: message.slice(0, 300).toWellFormed() };
    if (unique.size < maxIssues) unique.set(`${issue.path}\n${issue.message}`, issue);
  }
  return new ChatError("invalid_sticker_set", { faults: [...unique.values()] });
}
