// The realtime-gateway process.
import { runService } from "@khui/service";
import { realtimeGateway } from "./service.js";

await runService(realtimeGateway);
