// How words are compared in a search: in any spelling of theirs, Thai and English.

/**
 * The form in which texts are kept and looked for: NFKC, lower case. NFKC takes sara am (ำ) apart into nikhahit and sara aa, which
 * some keyboards type one by one and before the tone mark; the mark is put first. The variation selector of emoji goes.
 */
export function foldText(text: string): string {
  const composed = text.normalize("NFKC").toLowerCase();
  return composed.replace(/\u0E4D([\u0E48-\u0E4B])/g, "$1\u0E4D").replaceAll("\uFE0F", "");
}

/** Folded terms, each between line ends, so that a pattern can tell a whole term and a term's beginning from a part of one. */
export function foldTerms(terms: readonly string[]): string {
  const folded = terms.map((term) => wordsOf(term).join(" "));
  return `\n${[...new Set(folded)].join("\n")}\n`;
}

/** What a LIKE is to match: `query` as a whole term, as the beginning of one, as a part; and each of its words anywhere. */
export interface Patterns {
  readonly whole: string;
  readonly beginning: string;
  readonly part: string;
  /** Every one has to match; none for a query without a word. */
  readonly words: readonly string[];
}

/** Patterns for LIKE with its standard escape, `\`. */
export function patternsOf(query: string): Patterns {
  const words = wordsOf(query).map((word) => word.replace(/[\\%_]/g, "\\$&"));
  const all = words.join(" ");
  return {
    whole: `%\n${all}\n%`,
    beginning: `%\n${all}%`,
    part: `%${all}%`,
    words: words.map((word) => `%${word}%`),
  };
}

function wordsOf(text: string): string[] {
  return foldText(text)
    .split(/\s+/u)
    .filter((word) => word !== "");
}
