// One page of a room's messages, as one of its members sees them.
import type { ErrorCode } from "@khui/contracts";
import { type Db, type RawBuilder, sql } from "@khui/database";
import { lowestOfOthers } from "./history.js";
import { logEpoch } from "./log-epoch.js";
import { sumAfter } from "./position-sums.js";
import { isOpen, type MessageRow, messageColumns, withParent } from "./tables.js";

export interface PageRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly limit: number;
  readonly page: number;
  readonly before: Date | undefined;
  readonly beforeSeq: number | undefined;
  readonly afterSeq: number | undefined;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: MessageRow[];
  readonly hasMore: boolean;
  /** The room's newest entry as of this page. */
  readonly seq: number;
  readonly epoch: string;
  readonly places: number;
  /** The lowest positions among the other active participants; null when there are none. */
  readonly othersRead: number | null;
  readonly othersDelivered: number | null;
}

/** One page, the head and the positions of others in one snapshot. */
export async function readPage(db: Db, request: PageRequest): Promise<MessagePage | ErrorCode> {
  const { roomId, userId, limit, afterSeq } = request;
  const forward = afterSeq !== undefined;
  type Row = MessageRow & {
    is_member: boolean;
    is_open: boolean;
    head: number;
    epoch: string;
    places: number;
    others_read: number | null;
    others_delivered: number | null;
  };
  const inOrder = forward ? sql`m.place` : sql`m.place DESC`;
  const { rows } = await sql<Row>`
    WITH RECURSIVE r AS MATERIALIZED (
      SELECT r.id, r.seq AS head, r.places, r.member_count, me.user_id IS NOT NULL AS is_member, ${isOpen(sql`r`)} AS is_open
      FROM messages.rooms r
      LEFT JOIN messages.members me ON me.room_id = r.id AND me.user_id = ${userId} AND me.is_active
      WHERE r.id = ${roomId}
    ),
    ${firstPlace(request)},
    ${visibleSpans(request)},
    page AS MATERIALIZED (
      SELECT m.* FROM spans, LATERAL (
        SELECT m.* FROM messages.messages m
        WHERE m.room_id = ${roomId} AND m.place BETWEEN spans.lowest AND spans.highest
        ORDER BY ${inOrder} LIMIT ${limit + 1}
      ) m ORDER BY ${inOrder} LIMIT ${limit + 1}
    )
    SELECT r.is_member, r.is_open, r.head, ${logEpoch} AS epoch, r.places, others.*, m.*
    FROM r LEFT JOIN LATERAL (${lowestOfOthers(userId, sql`r.is_member`)}) others ON true
    LEFT JOIN (SELECT ${messageColumns(sql`${userId}`)} FROM page m ${withParent}) m ON true
    ORDER BY m.seq`.execute(db);
  const first = rows[0];
  if (!first?.is_member) return first?.is_open ? "not_a_participant" : "room_not_found";
  const found = rows.filter((row) => row.id !== null);
  const hasMore = found.length > limit;
  return {
    messages: hasMore ? (forward ? found.slice(0, limit) : found.slice(1)) : found,
    hasMore,
    seq: first.head,
    epoch: first.epoch,
    places: first.places,
    othersRead: first.others_read,
    othersDelivered: first.others_delivered,
  };
}

/**
 * CTEs that end in `start`: the place at which a page begins, hidden or not; no row for those who are not in room `r`. `top` is
 * the newest place that it may hold.
 *
 * Times and numbers rise with places, so a time is found by bisecting places (an index on times would cost every send). What
 * lies above page n are (n - 1) × limit visible messages: without hidden ones that is a subtraction, else it is found by
 * bisecting too.
 */
function firstPlace({ roomId, userId, limit, page, before, beforeSeq, afterSeq }: PageRequest): RawBuilder<unknown> {
  const newest =
    beforeSeq === undefined
      ? sql`r.places`
      : sql`coalesce((SELECT place FROM messages.messages m
          WHERE m.room_id = r.id AND m.seq < ${beforeSeq} ORDER BY m.seq DESC LIMIT 1), 0)`;
  const top = before
    ? sql`by_time AS (
        SELECT 0::bigint AS low, ${newest} AS high FROM r WHERE r.is_member
        UNION ALL
        SELECT CASE WHEN m.created_at < ${before} THEN m.place ELSE low END,
          CASE WHEN m.created_at < ${before} THEN high ELSE m.place - 1 END
        FROM by_time JOIN messages.messages m ON m.room_id = ${roomId} AND m.place = (low + high + 1) / 2 WHERE low < high
      ),
      top AS MATERIALIZED (SELECT low AS place FROM by_time WHERE low = high)`
    : sql`top AS MATERIALIZED (SELECT ${newest} AS place FROM r WHERE r.is_member)`;
  if (afterSeq !== undefined) {
    return sql`${top}, start AS MATERIALIZED (
      SELECT m.place FROM top, LATERAL (SELECT place FROM messages.messages m
        WHERE m.room_id = ${roomId} AND m.seq > ${afterSeq} ORDER BY m.seq LIMIT 1) m
    )`;
  }
  const skipped = sql`${(page - 1) * limit}::bigint`;
  const hiddenAfter = (position: RawBuilder<unknown>) =>
    sumAfter("hidden", { room: sql`${roomId}`, owner: sql`${userId}`, position });
  if (page === 1) return sql`${top}, start AS MATERIALIZED (SELECT place FROM top)`;
  // The lowest place with no more than the skipped ones above it is at most as far below as there are hidden ones.
  return sql`${top},
    by_rank AS (
      SELECT greatest(0, place - ${skipped} - hidden) AS low, greatest(0, place - ${skipped}) AS high, place AS top, hidden_above
      FROM (SELECT place, CASE WHEN EXISTS (SELECT FROM messages.hidden_ranges h
          WHERE h.user_id = ${userId} AND h.room_id = ${roomId}) THEN ${hiddenAfter(sql`0::bigint`)} ELSE 0 END AS hidden,
        ${hiddenAfter(sql`place`)} AS hidden_above FROM top) top
      UNION ALL
      SELECT CASE WHEN enough THEN middle ELSE low END, CASE WHEN enough THEN high ELSE middle - 1 END, top, hidden_above
      FROM by_rank, LATERAL (SELECT (low + high + 1) / 2 AS middle) middle,
        LATERAL (SELECT top - middle - (${hiddenAfter(sql`middle`)} - hidden_above) >= ${skipped} AS enough) enough
      WHERE low < high
    ),
    start AS MATERIALIZED (SELECT low AS place FROM by_rank WHERE low = high)`;
}

/**
 * CTEs that end in `spans`: stretches of visible places from `start` on, as many as it takes for a page and one message more.
 * They lie between ranges of hidden messages; places have no gap, so what a span holds is known without reading it, and as
 * many ranges as the page has messages are enough.
 */
function visibleSpans({ roomId, userId, limit, afterSeq }: PageRequest): RawBuilder<unknown> {
  const forward = afterSeq !== undefined;
  const near = forward
    ? sql`h.last_place >= start.place ORDER BY h.last_place`
    : sql`h.first_place <= start.place ORDER BY h.first_place DESC`;
  const between = forward
    ? sql`SELECT coalesce(lag(last_place) OVER (ORDER BY last_place) + 1, start.place) AS lowest,
          least(first_place - 1, top.place) AS highest FROM ranges, start, top
        UNION ALL SELECT coalesce((SELECT max(last_place) FROM ranges) + 1, start.place), top.place FROM start, top`
    : sql`SELECT last_place + 1 AS lowest,
          coalesce(lag(first_place) OVER (ORDER BY first_place DESC) - 1, start.place) AS highest FROM ranges, start
        UNION ALL SELECT 1, coalesce((SELECT min(first_place) FROM ranges) - 1, start.place) FROM start`;
  return sql`ranges AS MATERIALIZED (
      SELECT h.first_place, h.last_place FROM start, LATERAL (
        SELECT h.first_place, h.last_place FROM messages.hidden_ranges h
        WHERE h.user_id = ${userId} AND h.room_id = ${roomId} AND ${near} LIMIT ${limit + 2}
      ) h
    ),
    spans AS MATERIALIZED (
      SELECT lowest, highest FROM (
        SELECT lowest, highest, coalesce(sum(greatest(0, highest - lowest + 1)) OVER (
          ORDER BY ${forward ? sql`lowest` : sql`highest DESC`} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS nearer
        FROM (${between}) stretches
      ) spans WHERE nearer <= ${limit} AND lowest <= highest
    )`;
}
