// Sign-in without a host application, for trying Khui out: any user id gets a token, on this machine only.
import { ChatError, UserProfile } from "@khui/contracts";
import type { Tokens } from "@khui/http";
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";

/** A day. */
export const developmentTokenSeconds = 86_400;

const SignIn = Type.Object({
  userId: UserProfile.properties._id,
  name: UserProfile.properties.name,
  admin: Type.Optional(Type.Boolean()),
});

const loopback = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

/** POST /dev/token {userId, name?, admin?} → {token}. Anyone who is not on this machine gets 404, as if it were not there. */
export function mountDevelopmentSignIn(app: FastifyInstance, tokens: Tokens): void {
  app.post<{ Body: Static<typeof SignIn> }>("/dev/token", { schema: { body: SignIn } }, async (request) => {
    const { origin, forwarded, "x-forwarded-for": forwardedFor } = request.headers;
    const local = loopback.has(request.socket.remoteAddress ?? "") && !forwarded && !forwardedFor;
    // A page must not fetch tokens through its visitor either.
    if (!local || origin !== undefined) throw new ChatError("not_found");
    const { userId, name, admin } = request.body;
    const claims = { sub: userId, ...(name ? { name } : {}), ...(admin ? { scope: "chat:admin" } : {}) };
    return { success: true, token: tokens.sign(claims, developmentTokenSeconds), userId };
  });
}
