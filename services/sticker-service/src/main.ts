// The sticker-service process.
import { runService } from "@khui/service";
import { stickerService } from "./service.js";

await runService(stickerService);
