// What a client is told when it is refused.
import { ChatError } from "@khui/contracts";
import { test } from "tap";
import { errorPayload } from "../src/connections/client.js";

test("an error names the limit that was passed", async (t) => {
  const error = new ChatError("rate_limited", { maxRooms: 500 });
  t.strictSame(errorPayload(error, "en"), {
    code: "rate_limited",
    message: "Too many requests. Please try again shortly: at most 500.",
    details: { maxRooms: 500 },
  });
});
