// All services, in the order in which they start.
import { mediaService } from "@khui/media-service";
import { messagesApi } from "@khui/messages-api";
import { realtimeGateway } from "@khui/realtime-gateway";
import { roomsApi } from "@khui/rooms-api";
import type { Service } from "@khui/service";
import { stickerService } from "@khui/sticker-service";

export const services: readonly Service[] = [roomsApi, messagesApi, mediaService, stickerService, realtimeGateway];
