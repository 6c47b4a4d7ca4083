// Validates events of the server against their schemas in the contracts.
import { type ServerEventName, serverEvents } from "@khui/contracts";
import { Compile, type Validator } from "typebox/compile";

const checkers = new Map<string, Validator>();

export function isServerEvent(event: string): event is ServerEventName {
  return Object.hasOwn(serverEvents, event);
}

/** What is wrong with an event's arguments; undefined when they are valid. */
export function eventViolation(event: string, args: readonly unknown[]): string | undefined {
  if (!isServerEvent(event)) return `there is no event ${event}`;
  if (args.length !== 1) return `${event} has ${args.length} arguments`;
  const checker = checkers.get(event) ?? Compile(serverEvents[event].payload);
  checkers.set(event, checker);
  if (checker.Check(args[0])) return undefined;
  const violations = checker.Errors(args[0]).map((error) => `${error.instancePath} ${error.message}`);
  return `${event} breaks its schema: ${violations.join("; ")} in ${JSON.stringify(args[0])}`;
}
