// The rules for subjects, patterns, queue names and headers, and which pattern matches which subject.

const maxSubjectLength = 1024;
const token = /^[!-~]+$/;
/** Tokens of visible ASCII without `*`, `.` and `>`, or `*`; the last may be `>`. One expression: every message is checked. */
const tokens = /^(?:(?:[!-)+-\-/-=?-~]+|\*)\.)*(?:[!-)+-\-/-=?-~]+|[*>])$/;

/** Throws a TypeError unless `subject` can be published to: non-empty tokens of visible ASCII, no wildcard. */
export function checkSubject(subject: string): void {
  checkPattern(subject);
  if (hasWildcard(subject)) throw new TypeError(`wildcard in subject: ${subject}`);
}

/** Throws a TypeError unless `pattern` can be subscribed to: `*` and `>` stand alone in their token, `>` comes last. */
export function checkPattern(pattern: string): void {
  if (pattern.length > maxSubjectLength || !tokens.test(pattern)) throw malformed(pattern);
}

/** Throws a TypeError unless `queue` is absent or one token of visible ASCII. */
export function checkQueue(queue: string | undefined): void {
  if (queue !== undefined && !token.test(queue)) throw new TypeError(`malformed queue name: ${JSON.stringify(queue)}`);
}

/**
 * A copy of the headers as they will arrive: values trimmed. Throws a TypeError for a name that is not visible ASCII
 * without a colon, or for a value with a line break.
 */
export function cleanHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const clean: Array<[string, string]> = [];
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name) || name.includes(":")) throw new TypeError(`malformed header: ${JSON.stringify(name)}`);
    if (/[\r\n]/.test(value)) throw new TypeError(`line break in header ${name}`);
    clean.push([name, value.trim()]);
  }
  return Object.fromEntries(clean);
}

/** What the headers add to a message's size on the NATS wire, in bytes; 0 when there are none. */
export function headerBytes(headers: Readonly<Record<string, string>>): number {
  const entries = Object.entries(headers);
  if (entries.length === 0) return 0;
  return entries.reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 4,
    "NATS/1.0\r\n\r\n".length,
  );
}

export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes(">");
}

/** Whether a valid pattern matches a valid subject. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (const [index, want] of wanted.entries()) {
    const have = tokens[index];
    if (have === undefined) return false;
    if (want === ">") return true;
    if (want !== "*" && want !== have) return false;
  }
  return wanted.length === tokens.length;
}

function malformed(subject: string): TypeError {
  return new TypeError(`malformed subject: ${JSON.stringify(subject.slice(0, 200))}`);
}
