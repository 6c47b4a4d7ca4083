// Development tokens without a host application, for trying Khui out: any user id gets a token, on this machine only.
import { ChatError, UserProfile } from "@khui/contracts";
import { isLocal, type Tokens } from "@khui/service/http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";

/** A day. */
export const developmentTokenSeconds = 86_400;

const SignIn = Type.Object({
  userId: UserProfile.properties._id,
  name: UserProfile.properties.name,
  admin: Type.Optional(Type.Boolean()),
});

/**
 * POST /dev/token {userId, name?, admin?} → {token}. Requests that were not made on this machine, and those of pages of other
 * origins, get 404, as if the route did not exist; no page gets an admin's token.
 */
export function mountDevelopmentSignIn(app: FastifyInstance, tokens: Tokens): void {
  const onRequest = async (request: FastifyRequest) => {
    if (!isLocal(request) || isForeignPage(request)) throw new ChatError("not_found");
  };
  app.post<{ Body: Static<typeof SignIn> }>("/dev/token", { schema: { body: SignIn }, onRequest }, async (request) => {
    const { userId, name, admin } = request.body;
    if (admin && isPage(request)) throw new ChatError("forbidden");
    const claims = { sub: userId, ...(name ? { name } : {}), ...(admin ? { scope: "chat:admin" } : {}) };
    return { success: true, token: tokens.sign(claims, developmentTokenSeconds), userId };
  });
}

/** Browsers send one of these with every POST. Not Sec-Fetch-Mode, which Node's `fetch` sends too. */
function isPage({ headers }: FastifyRequest): boolean {
  return [headers.origin, headers["sec-fetch-site"], headers["sec-fetch-dest"]].some((value) => value !== undefined);
}

function isForeignPage({ headers }: FastifyRequest): boolean {
  const { origin, host, "sec-fetch-site": site = "same-origin" } = headers;
  return site !== "same-origin" || (origin !== undefined && origin !== `http://${host}`);
}
