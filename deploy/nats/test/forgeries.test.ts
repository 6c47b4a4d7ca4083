// What a compromised service might forge on the bus, tried with that service's own credentials.

import { startBackends } from "@khui/backends/backends";
import { makeSecrets, ownAddresses } from "@khui/backends/secrets";
import { mediaRpc, messagesRpc, roomsRpc, subjects } from "@khui/contracts";
import t, { test } from "tap";
import { connectRaw } from "./raw-client.js";

const secrets = makeSecrets();
const backends = await startBackends(["nats"], { environment: {}, secrets });
t.teardown(() => backends.stop());
const addressOf = (service: string): string => ownAddresses(service, { nats: backends.natsUrl }, secrets).NATS_URL;

const room = "0123456789abcdef01234567";
const victims = {
  "an entry of a room's log": subjects.roomLog(room),
  "a message to one user": subjects.userLive("somebody"),
  "a change of a room": messagesRpc.applyRoomChange.subject,
  "the removal of a file": mediaRpc.remove.subject,
  "an answer to messages-api": "_INBOX.messages-api.forged",
};
/** Users that may both publish and subscribe to a subject, so that they could send themselves a request; and what they may publish anyway. */
const loops = [
  { service: "realtime-gateway", subject: subjects.gatewayRelay("b00t"), queue: undefined, own: [] },
  { service: "realtime-gateway", subject: subjects.roomLive(room), queue: undefined, own: [] },
  {
    service: "rooms-api",
    subject: roomsRpc.learnUsers.subject,
    queue: "rooms-api",
    own: ["a change of a room", "an answer to messages-api"],
  },
] as const;

for (const { service, subject, queue, own } of loops) {
  test(`${service} cannot use a reply on ${subject} to publish where it may not`, async (t) => {
    const client = await connectRaw(addressOf(service));
    t.teardown(() => client.close());
    t.ok(await client.maySubscribe(subject, queue));
    for (const [what, victim] of Object.entries(victims)) {
      if ((own as readonly string[]).includes(what)) continue;
      t.ok(await client.mayPublish(subject, victim), "it asks itself");
      t.equal(await client.nextReply(), victim);
      t.notOk(await client.mayPublish(victim), `${what} is refused`);
    }
  });
}
