// Routes a message inside of one process: to every matching plain subscription, and to one member of each queue group.
import { hasWildcard, matches } from "./subjects.js";

export interface Route {
  readonly pattern: string;
  readonly queue: string | undefined;
}

export interface Router<R extends Route> {
  add(route: R): void;
  remove(route: R): void;
  /** The receivers of a message. As in NATS a queue group is its name, over all patterns; the member is random. */
  pick(subject: string): R[];
}

export function createRouter<R extends Route>(): Router<R> {
  const exact = new Map<string, Set<R>>();
  const wild = new Set<R>();

  return {
    add(route) {
      if (hasWildcard(route.pattern)) {
        wild.add(route);
        return;
      }
      const routes = exact.get(route.pattern);
      if (routes === undefined) exact.set(route.pattern, new Set([route]));
      else routes.add(route);
    },
    remove(route) {
      wild.delete(route);
      const routes = exact.get(route.pattern);
      routes?.delete(route);
      if (routes?.size === 0) exact.delete(route.pattern);
    },
    pick(subject) {
      const picked: R[] = [];
      const groups = new Map<string, R[]>();
      const consider = (route: R): void => {
        if (route.queue === undefined) {
          picked.push(route);
          return;
        }
        const group = groups.get(route.queue);
        if (group === undefined) groups.set(route.queue, [route]);
        else group.push(route);
      };
      for (const route of exact.get(subject) ?? []) consider(route);
      for (const route of wild) if (matches(route.pattern, subject)) consider(route);
      for (const group of groups.values()) {
        const member = group[Math.floor(Math.random() * group.length)];
        if (member !== undefined) picked.push(member);
      }
      return picked;
    },
  };
}
