// A subscription of the in-process bus: a queue that is drained in later turns of the event loop.
import { type Respond, respondFailure } from "./answers.js";
import { createDelivery, type Delivery, type DeliveryHandler, type DeliveryLimits, type Dropped } from "./delivery.js";
import type { BusErrorHandler, BusMessage } from "./index.js";
import type { Route } from "./router.js";

/** Messages delivered in one turn, so that a burst leaves room for timers and sockets. */
const messagesPerTurn = 256;

export interface Inbox extends Route {
  readonly delivery: Delivery;
  /** Never calls the handler before it returns. */
  accept(message: BusMessage, respond: Respond | undefined): void;
}

export function createInbox(
  route: Route,
  handler: DeliveryHandler,
  onError: BusErrorHandler,
  dropped: Dropped,
  limits: DeliveryLimits,
): Inbox {
  const delivery = createDelivery(route.pattern, handler, onError, dropped, limits);
  const waiting: Array<{ message: BusMessage; respond: Respond | undefined }> = [];
  let scheduled = false;

  function schedule(): void {
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      for (const { message, respond } of waiting.splice(0, messagesPerTurn)) delivery.run(message, respond);
      if (waiting.length > 0 && !scheduled) schedule();
    });
  }

  return {
    ...route,
    delivery,
    accept(message, respond) {
      if (!delivery.tryAccept(message)) return respondFailure(respond, "overloaded", "too many unfinished requests");
      waiting.push({ message, respond });
      if (!scheduled) schedule();
    },
  };
}
