// Reads the URL of an Engine.IO request.

export interface Target {
  pathname: string;
  /** From the "?" on, or empty. */
  search: string;
}

export function targetOf(url: string | undefined): Target {
  const text = url ?? "/";
  const mark = text.indexOf("?");
  return mark < 0 ? { pathname: text, search: "" } : { pathname: text.slice(0, mark), search: text.slice(mark) };
}

/** The query as an object without a prototype: its names are the peer's. The first value of a name counts. */
export function queryOf(search: string): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) query[name] ??= value;
  return query;
}

/** Whether `pathname` is `path`, which ends with a slash, with the slash or without. */
export function isUnder(path: string, pathname: string): boolean {
  return pathname === path || `${pathname}/` === path;
}
