// An S3 store that enforces each service's policy: a proxy in front of a store that allows everything.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startS3Server } from "@khui/test-kit/servers/s3";
import { allows, policyOf } from "./policy.js";

/** Keys are named after their services. The root key may do anything. */
const users = ["media-service", "sticker-service"];
export const rootKey = { accessKey: "root", secretKey: "the root's secret" };

export interface PolicedStore {
  readonly url: string;
  /** Users whose key the store no longer knows. */
  readonly revoked: Set<string>;
  close(): Promise<void>;
}

export async function startPolicedStore(): Promise<PolicedStore> {
  const store = await startS3Server();
  const revoked = new Set<string>();
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers, url = "" } = incoming;
    const signed = `${headers.authorization ?? ""} ${decodeURIComponent(url)}`;
    const user = /Credential=([^/]+)\//.exec(signed)?.[1] ?? "";
    // Reads lists of objects to delete, but not files.
    const body = method === "POST" ? await textOf(incoming) : undefined;
    const needed = needs(method, new URL(url, store.url), body ?? "");
    if (revoked.has(user) || !mayDo(user, needed)) {
      incoming.resume();
      response.writeHead(403, { "content-type": "application/xml" });
      const text = `<Error><Code>AccessDenied</Code><Message>${user}: ${JSON.stringify(needed)}</Message></Error>`;
      response.end(method === "HEAD" ? undefined : text);
      return;
    }
    const own = (text: string): string => text.replace(user, store.accessKey);
    const onward = request(new URL(own(url), store.url), {
      method,
      headers: { ...headers, ...(headers.authorization ? { authorization: own(headers.authorization) } : {}) },
    });
    onward.on("error", (error) => response.destroy(error));
    response.on("close", () => onward.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    if (body === undefined) incoming.pipe(onward);
    else onward.end(body);
  }

  return {
    revoked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
    },
  };
}

type Need = readonly [action: string, resource: string];

function mayDo(user: string, needed: readonly Need[]): boolean {
  if (user === rootKey.accessKey) return true;
  if (!users.includes(user)) return false;
  const policy = policyOf(user);
  return needed.length > 0 && needed.every(([action, resource]) => allows(policy, action, resource));
}

/** What a request must be allowed: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
function needs(method: string, { pathname, searchParams }: URL, body: string): Need[] {
  const [, bucket = "", ...rest] = decodeURIComponent(pathname).split("/");
  const key = rest.join("/");
  const arn = (name: string): string => `arn:aws:s3:::${name}`;
  if (bucket === "") return [["s3:ListAllMyBuckets", arn("*")]];
  const kind = [...searchParams.keys()].find((name) =>
    /^(policy|acl|versioning|uploads|lifecycle|location)$/.test(name),
  );
  if (kind !== undefined) return [[`s3:${method} ${kind}`, arn(bucket)]];
  if (method === "POST" && searchParams.has("delete")) {
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => ["s3:DeleteObject", arn(`${bucket}/${name}`)]);
  }
  const actions: Readonly<Record<string, string>> =
    key === ""
      ? { HEAD: "s3:ListBucket", GET: "s3:ListBucket", PUT: "s3:CreateBucket", DELETE: "s3:DeleteBucket" }
      : { HEAD: "s3:GetObject", GET: "s3:GetObject", PUT: "s3:PutObject", DELETE: "s3:DeleteObject" };
  return [[actions[method] ?? `s3:${method}`, arn(key === "" ? bucket : `${bucket}/${key}`)]];
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  return text;
}
