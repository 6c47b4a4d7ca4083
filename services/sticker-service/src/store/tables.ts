// The rows of this service's schema.
import type { Sticker, StickerField, StickerType } from "@khui/contracts";
import { type RawBuilder, sql } from "@khui/database";

export type Wording = Sticker["name"];

/** A set as one user sees it. */
export interface SetRow {
  id: string;
  key: string;
  title: Wording;
  description: Wording | null;
  author: string;
  category: string;
  keywords: string[];
  type: StickerType;
  free: boolean;
  /** An asset. */
  cover: string;
  sticker_count: number;
  retired: boolean;
  owned: boolean;
  created_at: Date;
  updated_at: Date;
}

export interface Outcome {
  readonly id: string;
  readonly name: Wording;
  readonly asset: string;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
}

export interface Interactive {
  readonly takes: Readonly<Record<string, StickerField>>;
  readonly outcomes: readonly Outcome[];
}

export interface StickerRow {
  set_id: string;
  id: string;
  name: Wording;
  keywords: string[];
  emoji: string | null;
  asset: string;
  width: number;
  height: number;
  interactive: Interactive | null;
}

/** The columns of a set `s` and its row `c` in the user's collection, if any. */
export const setColumns: RawBuilder<unknown> = sql`s.id, s.key, s.title, s.description, s.author, s.category, s.keywords, s.type, s.free, s.cover,
  s.sticker_count, s.retired_at IS NOT NULL AS retired, c.set_id IS NOT NULL AS owned, s.created_at, s.updated_at`;
export const stickerColumns: RawBuilder<unknown> = sql`t.set_id, t.id, t.name, t.keywords, t.emoji, t.asset, t.width, t.height, t.interactive`;
/** The limit makes it an index probe for each set; without it, the planner may read and join the whole collection. */
export const ownedBy = (userId: string): RawBuilder<unknown> => sql`LEFT JOIN LATERAL (
  SELECT c.set_id FROM stickers.collections c WHERE c.set_id = s.id AND c.user_id = ${userId} LIMIT 1) c ON true`;
