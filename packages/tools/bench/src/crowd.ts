// The process of a crowd: receives tasks from its parent, runs them, reports the outcomes.
import type { CrowdReport, Outcome, Task } from "./crowd-process.js";
import { Group } from "./group.js";
import { openPublisher } from "./publishers.js";

const groups = new Map<string, Group>();

process.on("message", (task) => {
  run(task as Task).then(
    (outcome) => report({ outcome }),
    (error: unknown) => report({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// Open sockets would keep the process alive.
process.once("disconnect", () => process.exit());

const report = (message: CrowdReport): void => {
  process.send?.(message);
};

async function run(task: Task): Promise<Outcome> {
  const group = groups.get(task.group) ?? new Group();
  groups.set(task.group, group);
  group.begin();
  switch (task.task) {
    case "open":
      if (task.publisher) group.publisher = await openPublisher(task.publisher);
      await group.open(task.places);
      break;
    case "step":
      await group.step(task.step);
      break;
    case "waves":
      await group.waves(task.roomId, task.burst, task.seconds);
      break;
    case "steady":
      await group.steady(task.rate, task.seconds);
      break;
    case "guest":
      await group.guest(task.place);
      break;
    case "await":
      await group.await(task.each);
      break;
    case "check":
      await group.check();
      break;
    case "close":
      await group.close();
      groups.delete(task.group);
      break;
  }
  return group.outcome();
}
