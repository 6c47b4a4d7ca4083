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

/** A text to be found somewhere within folded terms, or several. */
export interface Wanted {
  /** For LIKE with its standard escape, `\`; every one has to match. */
  readonly patterns: readonly string[];
  /** Grams of all that matches, as `stickers.grams` in the migrations makes them; not every one of them. */
  readonly grams: readonly string[];
}

/** What is to be found: `query` as a whole term, as the beginning of one, as a part; and each of its words anywhere. */
export interface Query {
  readonly whole: Wanted;
  readonly beginning: Wanted;
  readonly part: Wanted;
  /** No pattern for a query without a word. */
  readonly words: Wanted;
}

export function readQuery(query: string): Query {
  const words = wordsOf(query);
  const all = words.join(" ");
  return {
    whole: wanted([`\n${all}\n`]),
    beginning: wanted([`\n${all}`]),
    part: wanted([all]),
    words: wanted(words),
  };
}

/** What is looked up for a query, however long: three in a row already leave few sets, and each is an index probe a step. */
const mostGrams = 8;

function wanted(texts: readonly string[]): Wanted {
  const grams = [...new Set(texts.flatMap(gramsOf))];
  const every = Math.ceil(grams.length / mostGrams);
  return {
    patterns: texts.map((text) => `%${text.replace(/[\\%_]/g, "\\$&")}%`),
    grams: grams.filter((_, n) => n % every === 0),
  };
}

/** Every three characters in a row, or the text itself where it has no more than that. */
function gramsOf(text: string): string[] {
  const characters = Array.from(text);
  if (characters.length <= 3) return [text];
  return characters.slice(2).map((last, n) => `${characters[n]}${characters[n + 1]}${last}`);
}

function wordsOf(text: string): string[] {
  return foldText(text)
    .split(/\s+/u)
    .filter((word) => word !== "");
}
