// The type of all command handlers, by the event that they handle.
import type { ClientEventName, clientEvents, EventPayload } from "@khui/contracts";
import type { Client } from "../connections/client.js";

/** Handlers for validated payloads of authenticated clients; they throw ChatError. `hasAck`: the client asked for an acknowledgement. */
export type Commands = {
  readonly [Name in Exclude<ClientEventName, "authenticate">]: (
    client: Client,
    payload: EventPayload<(typeof clientEvents)[Name]>,
    hasAck: boolean,
  ) => Promise<unknown>;
};
