// What travels between two engines when a polling request reaches one and its session belongs to the other.

/** A polling request whose session belongs to another engine. */
export interface RelayedRequest {
  method: "GET" | "POST";
  sid: string;
  /** The URL from its "?" on. */
  search: string;
  body: string;
  headers: { origin?: string };
}

/** The owner's response to a RelayedRequest. */
export interface RelayedAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}
