// Parses what Prometheus scrapes from a process, and which metrics an expression uses.

/** The names of all samples in Prometheus' text format: a histogram has three, and a metric exists before its first sample. */
export function namesIn(text: string): Set<string> {
  const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    kinds.flatMap(([, name = "", kind]) =>
      kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** The sum of a metric's samples whose labels include `label`; NaN if there are none. */
export function sampleOf(text: string, name: string, label = ""): number {
  const samples = [...text.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, "gm"))];
  const chosen = samples.filter(([, labels = ""]) => labels.includes(label));
  return chosen.length === 0 ? Number.NaN : chosen.reduce((sum, [, , value]) => sum + Number(value), 0);
}

const keywords = new Set(["and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool"]);

/** The metrics that a PromQL expression reads. */
export function metricsOf(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"|'[^']*'/g, "")
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, "");
  const words = [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return [...new Set(words)].filter((word) => !keywords.has(word));
}
