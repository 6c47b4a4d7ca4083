// Serves RPC to other services: failures are translated and logged here, so that handlers need not.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import type { Rpc, RpcAnswer, RpcRequest } from "@khui/contracts";
import type { Logger } from "pino";
import { toChatError } from "./failures.js";

export interface RpcServer {
  /** Serves `rpc`, together with the service's other replicas. Whatever the handler throws reaches the caller as a ChatError. */
  serve<R extends Rpc>(rpc: R, handler: (request: RpcRequest<R>) => Promise<RpcAnswer<R>>): void;
  /** Stops taking requests. */
  close(): void;
}

/** `queue` is the service's name: one of its replicas takes each request. */
export function createRpcServer(bus: Bus, queue: string, log: Pick<Logger, "error">): RpcServer {
  const unsubscribes: Array<() => void> = [];
  return {
    serve(rpc, handler) {
      const subscription = serveRpc(
        bus,
        rpc,
        async (request) => {
          try {
            return await handler(request);
          } catch (error) {
            const failure = toChatError(error);
            // One that the handler itself refuses for (a full queue) tells nothing new, and comes by the thousand.
            const unforeseen = failure !== error || failure.cause !== undefined;
            if (failure.status >= 500 && unforeseen) log.error({ err: error, rpc: rpc.subject }, "request failed");
            throw failure;
          }
        },
        { queue },
      );
      unsubscribes.push(() => subscription.unsubscribe());
    },
    close() {
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
    },
  };
}
