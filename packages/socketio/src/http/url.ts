// Reads the URL of an Engine.IO request.

export interface Target {
  pathname: string;
  /** From the "?" on, or empty. */
  search: string;
}

/** Splits a request's URL at its query. */
export function targetOf(url: string | undefined): Target {
  const text = url ?? "/";
  const at = text.indexOf("?");
  return at < 0 ? { pathname: text, search: "" } : { pathname: text.slice(0, at), search: text.slice(at) };
}

/** By name, without a prototype: the peer chooses the names. Of a repeated name the first value counts. */
export type Query = Record<string, string>;

/** Parses the query of a URL. */
export function queryOf(search: string): Query {
  const query: Query = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) query[name] ??= value;
  return query;
}

/** Whether `pathname` is `path`, which ends with a slash; the slash may be missing from `pathname`. */
export function isUnder(path: string, pathname: string): boolean {
  return pathname === path || `${pathname}/` === path;
}
