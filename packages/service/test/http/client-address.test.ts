// Whose request it is: the client's address behind the edge, and what is counted as one client.
import { test } from "tap";
import { clientAddress, networkOf } from "../../src/http/client-address.js";

test("X-Forwarded-For is believed from trusted peers alone, up to the first that is not", async (t) => {
  const addressOf = clientAddress("loopback, 10.0.0.0/8");
  const headers = { "x-forwarded-for": "6.6.6.6, 9.9.9.9, 10.1.2.3" };
  t.equal(addressOf(headers, "127.0.0.1"), "9.9.9.9");
  t.equal(addressOf(headers, "8.8.8.8"), "8.8.8.8");
  t.equal(clientAddress(false)(headers, "127.0.0.1"), "127.0.0.1");
});

test("IPv6 addresses of one network count as one", async (t) => {
  for (const [address, network] of [
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ] as const) {
    t.equal(networkOf(address), network, address);
  }
});
