// An RPC from one service to another over the bus: its subject and the schemas of request and answer.
import type { Static, TSchema } from "typebox";

export interface Rpc<Request extends TSchema = TSchema, Answer extends TSchema = TSchema> {
  readonly subject: string;
  readonly request: Request;
  readonly answer: Answer;
}

export type RpcRequest<R extends Rpc> = Static<R["request"]>;
export type RpcAnswer<R extends Rpc> = Static<R["answer"]>;

/** Names an RPC. `name` is `<service>.<verb>`; the subject it is served on derives from it. */
export function defineRpc<Request extends TSchema, Answer extends TSchema>(
  name: string,
  request: Request,
  answer: Answer,
): Rpc<Request, Answer> {
  return { subject: `khui.rpc.${name}`, request, answer };
}
