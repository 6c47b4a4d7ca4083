// Serves RPC to other services: failures are translated and logged here, so that handlers need not.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import type { Rpc, RpcAnswer, RpcRequest } from "@khui/contracts";
import type { Logger } from "pino";
import { toChatError } from "./failures.js";
import { createLanes, type Lane, type Lanes } from "./lanes.js";

interface Serving {
  /**
   * Serves `rpc`, together with the service's other replicas. Whatever the handler throws reaches the caller as a ChatError. When
   * the lane is full, or the caller has given up before its turn, it is refused with service_unavailable, and the handler not called.
   */
  serve<R extends Rpc>(rpc: R, handler: (request: RpcRequest<R>) => Promise<RpcAnswer<R>>): void;
}

/** `serve` is for queries; other lanes have their own, see `LaneName`. */
export interface RpcServer extends Serving {
  readonly writes: Serving;
  readonly background: Serving;
  /** Stops taking requests. */
  close(): void;
}

/** `queue` is the service's name: one of its replicas takes each request. */
export function createRpcServer(
  bus: Bus,
  queue: string,
  log: Pick<Logger, "error">,
  lanes: Lanes = createLanes(),
): RpcServer {
  const unsubscribes: Array<() => void> = [];
  const servingIn = (lane: Lane): Serving => ({
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
        { queue, admit: (arrival, work) => lane.run(arrival, work) },
      );
      unsubscribes.push(() => subscription.unsubscribe());
    },
  });
  return {
    ...servingIn(lanes.queries),
    writes: servingIn(lanes.writes),
    background: servingIn(lanes.background),
    close() {
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
    },
  };
}
