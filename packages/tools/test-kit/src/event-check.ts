// Holds every event that a server sends to its schema in contracts.
import { type ServerEventName, serverEvents } from "@khui/contracts";
import { Compile, type Validator } from "typebox/compile";

const checkers = new Map<string, Validator>();

export function isServerEvent(event: string): event is ServerEventName {
  return Object.hasOwn(serverEvents, event);
}

/** What is wrong with an event's arguments, or undefined. */
export function eventFault(event: string, args: readonly unknown[]): string | undefined {
  if (!isServerEvent(event)) return `there is no event ${event}`;
  if (args.length !== 1) return `${event} has ${args.length} arguments`;
  const checker = checkers.get(event) ?? Compile(serverEvents[event].payload);
  checkers.set(event, checker);
  if (checker.Check(args[0])) return undefined;
  const faults = checker.Errors(args[0]).map((error) => `${error.instancePath} ${error.message}`);
  return `${event} breaks its schema: ${faults.join("; ")} in ${JSON.stringify(args[0])}`;
}
