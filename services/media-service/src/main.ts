// The media-service process.
import { runService } from "@khui/service";
import { mediaService } from "./service.js";

await runService(mediaService);
