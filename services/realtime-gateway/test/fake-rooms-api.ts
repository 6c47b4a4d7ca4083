// The part of rooms-api that gateways ask: the status that users have chosen.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, roomsRpc, type StatusChoice } from "@khui/contracts";

/** What users have chosen; while it is down, it answers nobody. */
export function fakeRoomsApi(bus: Bus) {
  const api = { down: false, asked: 0, chosen: new Map<string, StatusChoice>() };
  let revision = 0;
  const answering = <T>(answer: T): T => {
    if (api.down) throw new ChatError("service_unavailable");
    return answer;
  };
  serveRpc(bus, roomsRpc.chooseStatus, async ({ userId, status, revision: earlier }) => {
    const choice = answering({ status, revision: earlier ?? ++revision });
    api.chosen.set(userId, choice);
    return { revision: choice.revision };
  });
  serveRpc(bus, roomsRpc.lookupStatuses, async ({ userIds }) => {
    api.asked += userIds.length;
    return answering({
      statuses: userIds.map((userId) => api.chosen.get(userId) ?? { status: "online" as const, revision: 0 }),
    });
  });
  return api;
}
