// Dates in query strings.
import { ChatError } from "@khui/contracts";

/** RFC 3339; seconds, the zone or the whole time may be absent. */
const pattern =
  /^(\d{4}-\d{2}-\d{2})(?:T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * A date of the years 1 to 9999 in UTC. What names no zone is in UTC, wherever this server is. Throws invalid_request, also for days that no
 * month has, which `Date` takes for days of the next one.
 */
export function readDate(path: string, text: string): Date {
  const [, day = "", time = "00:00", zone = "Z"] = pattern.exec(text) ?? [];
  const midnight = new Date(`${day}T00:00Z`);
  const date = new Date(`${day}T${time}${zone.toUpperCase()}`);
  const year = date.getUTCFullYear();
  const isReal = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  if (day !== "" && isReal && year >= 1 && year <= 9999) return date;
  throw new ChatError("invalid_request", {
    part: "querystring",
    faults: [{ path, message: "must be an RFC 3339 date" }],
  });
}
