// Normalizes texts and queries for the search, in Thai and English.

/**
 * The form in which texts are stored and searched: NFKC, lower case. NFKC decomposes sara am (ำ) into nikhahit and sara aa, which
 * some keyboards type one by one and before the tone mark; the mark is put first. The variation selector of emoji is removed.
 */
function foldText(text: string): string {
  const composed = text.normalize("NFKC").toLowerCase();
  return composed.replace(/\u0E4D([\u0E48-\u0E4B])/g, "$1\u0E4D").replaceAll("\uFE0F", "");
}

/** Folded terms, each between line ends, so that a pattern can match a whole term, the beginning of one or a part. */
export function foldTerms(terms: readonly string[]): string {
  const folded = terms.map((term) => wordsOf(term).join(" "));
  return `\n${[...new Set(folded)].join("\n")}\n`;
}

/** Texts to be found anywhere within folded terms. */
export interface SearchTerms {
  /** For LIKE with its standard escape, `\`; all have to match. */
  readonly patterns: readonly string[];
  /** Trigrams that every match has, as `stickers.grams` in the migrations makes them; a selection. */
  readonly grams: readonly string[];
}

/** A query: as a whole term, as the beginning of one, as a part of one; and each of its words anywhere. */
export interface Query {
  readonly whole: SearchTerms;
  readonly beginning: SearchTerms;
  readonly part: SearchTerms;
  /** Has no patterns when the query has no words. */
  readonly words: SearchTerms;
}

export function readQuery(query: string): Query {
  const words = wordsOf(query);
  const all = words.join(" ");
  return {
    whole: searchTerms([`\n${all}\n`]),
    beginning: searchTerms([`\n${all}`]),
    part: searchTerms([all]),
    words: searchTerms(words),
  };
}

/** How many grams are looked up, however long the query: a few already leave few sets, and each costs an index probe a step. */
const maxGrams = 8;

function searchTerms(texts: readonly string[]): SearchTerms {
  const grams = [...new Set(texts.flatMap(gramsOf))];
  const every = Math.ceil(grams.length / maxGrams);
  return {
    patterns: texts.map((text) => `%${text.replace(/[\\%_]/g, "\\$&")}%`),
    grams: grams.filter((_, n) => n % every === 0),
  };
}

/** The trigrams of a text, or the text itself where it has no more than three characters. */
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
