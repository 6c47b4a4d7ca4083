// One PUT of a whole object, streamed to a signed URL.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Transport } from "./s3-transport.js";
import type { Source } from "./source.js";

const maxErrorLength = 4_096;

/**
 * Streams a source to a presigned PUT URL, holding no more of it in memory than a connection buffers. (The S3 client's own putObject
 * buffers whole parts.) When the source fails, the request is aborted short of its announced length, so that nothing is stored.
 * @throws the source's UnreadableSource; an Error with the status and S3's code when the store refuses; errors of the connection
 */
export async function upload(transport: Transport, url: string, source: Source, contentType: string): Promise<void> {
  const headers = { "content-length": source.size, "content-type": contentType };
  const request = transport.request(url, { method: "PUT", headers });
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  const sent = pipeline(source.chunks(), request);
  try {
    // A store that refuses may answer, and stop reading, before everything has been sent.
    const [response] = await Promise.race([answered, sent.then(() => answered)]);
    if (response.statusCode !== 200) throw await errorOf(response);
    await sent;
    // The body of the response is irrelevant, and so is its loss.
    response.on("error", () => undefined).resume();
  } catch (error) {
    request.destroy();
    await sent.catch(() => undefined);
    throw error;
  }
}

async function errorOf(response: IncomingMessage): Promise<Error> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString("latin1");
    if (text.length > maxErrorLength) break;
  }
  const code = /<Code>(\w{1,100})<\/Code>/.exec(text)?.[1] ?? "no code";
  return new Error(`the store answered a PUT with ${response.statusCode} (${code})`);
}
