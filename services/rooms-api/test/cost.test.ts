// What this service's statements cost where there is little, and where there is much.

import { checkStatementCosts } from "@khui/test-kit/statement-cost/suite";
import { test } from "tap";
import { schema } from "../src/service.js";
import { cases, places, surroundings } from "./cost-cases.js";

const source = new URL("../src/", import.meta.url);

test("statements cost the same however much there is", { timeout: 250_000 }, (t) =>
  checkStatementCosts(t, {
    service: "rooms-api",
    source,
    schema: schema.name,
    migrations: schema.migrations,
    filledAt: 7,
    surroundings,
    places,
    cases,
  }),
);
