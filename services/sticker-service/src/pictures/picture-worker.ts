// The worker process that reads untrusted pictures, and nothing else: it may be killed at any time. Started by picture-reader.ts.
import { serveJobs } from "@khui/service/worker";
import { type PictureRead, readPicture } from "./pictures.js";

serveJobs(({ bytes }: { bytes: Uint8Array }): Promise<PictureRead> => readPicture(Buffer.from(bytes)));
