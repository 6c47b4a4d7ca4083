// The messages-api process.
import { runService } from "@khui/service";
import { messagesApi } from "./service.js";

await runService(messagesApi);
