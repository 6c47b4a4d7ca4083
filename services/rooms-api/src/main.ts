// The rooms-api process.
import { runService } from "@khui/service";
import { roomsApi } from "./service.js";

await runService(roomsApi);
