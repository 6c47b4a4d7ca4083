// The rows of this service's schema, and what a failing database means to a request.
import { ChatError, type Sticker, type StickerField, type StickerType } from "@khui/contracts";
import { failureKind, type Kysely } from "@khui/database";

/** All statements here are written as SQL; Kysely carries them and their parameters. */
export type Db = Kysely<Record<string, never>>;

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

/** A database out of reach is service_unavailable. */
export async function stored<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    const kind = failureKind(error);
    if (kind !== "unavailable" && kind !== "timeout") throw error;
    throw Object.assign(new ChatError("service_unavailable", { retryAfter: 1 }), { cause: error });
  }
}
