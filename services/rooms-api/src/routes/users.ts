// The user directory over REST, for the host application's back end.
import { routes } from "@khui/contracts";
import type { Db } from "@khui/database";
import type { mounter } from "@khui/service/http";
import { saveUsers } from "../store/users.js";

export function mountUsers(mount: ReturnType<typeof mounter>, db: Db): void {
  mount(routes.upsertUsers, async ({ body, localize }) => {
    const issuedAt = Date.now();
    await saveUsers(
      db,
      body.users.map((user) => ({ ...user, issuedAt })),
    );
    return { message: localize("users_saved"), count: body.users.length };
  });
}
