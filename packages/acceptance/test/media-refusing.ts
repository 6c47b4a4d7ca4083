// Tables of uploads that are refused, each with its own code and leaving nothing behind.

import type { ErrorCode } from "@khui/contracts";
import type { Bytes } from "@khui/test-kit/files/media-files";
import { made, redAndBlue } from "@khui/test-kit/files/media-files";
import { pageOf, refused, roomOf } from "@khui/test-kit/rest-answers";
import { privateRoom, type System, type User } from "@khui/test-kit/system";
import type { Test } from "tap";
import { type Field, formOf, mediaScene } from "./media-scene.js";

export const jpeg = await made(redAndBlue(40, 20).jpeg());

export type Refusal = readonly [what: string, code: ErrorCode, form: () => FormData | RequestInit];

export function mediaRefusals(system: System) {
  const { post, send } = mediaScene(system);

  /** Asserts that nothing was sent to the room, and that the next upload works. */
  async function unharmed(t: Test, user: User, room: string): Promise<void> {
    t.strictSame((await pageOf(t, user, room)).messages, [], "nothing was sent");
    const { seq, messageCount, lastMessage } = await roomOf(t, user, room);
    t.strictSame({ seq, messageCount, lastMessage }, { seq: 0, messageCount: 0, lastMessage: null });
    const message = await send(t, user, room, "image", jpeg);
    t.strictSame(message.mediaInfo.dimensions, { width: 40, height: 20 }, "the next one is taken");
  }

  /** Each of these is refused with its code, in one room that stays empty. */
  function refusals(t: Test, name: string, cases: readonly Refusal[]): void {
    t.test(name, async (t) => {
      const user = system.newUser();
      const room = await privateRoom(user, system.newUser());
      for (const [what, code, form] of cases) refused(t, await post(user, room, form()), code, what);
      await unharmed(t, user, room);
    });
  }
  return { unharmed, refusals };
}

export const file = (bytes: Bytes, name = "file"): Field => ["file", new File([bytes], name)];
/** A complete form: a file with this declared type. */
export const as = (type: string, bytes: Bytes) => () => formOf(["type", type], file(bytes));
