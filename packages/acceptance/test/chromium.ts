// The tests' browser, closed after them, and pages of other origins.
import { accessSync, constants } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import type { TestFile } from "@khui/test-kit/test-file";
import { type Browser, chromium } from "playwright-core";

/** The executable that KHUI_CHROMIUM names, or else the one on the PATH. */
export async function openBrowser(t: TestFile): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.KHUI_CHROMIUM ?? findChromium(),
    // Chromium's sandbox does not work for root.
    chromiumSandbox: process.getuid?.() !== 0,
  });
  t.teardown(() => browser.close());
  return browser;
}

function findChromium(): string {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
  if (!found) throw new Error(`there is no ${names.join(" or ")} on the PATH, and KHUI_CHROMIUM does not name one`);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Another origin, with one empty page. */
export async function anotherOrigin(t: TestFile): Promise<string> {
  const server = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<title>other</title>"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
