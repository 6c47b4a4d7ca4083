// The programs that tests need besides servers: a browser, and what takes pictures out of videos.
import { findSource, type Machine, thisMachine } from "@khui/backends/source";

const browsers = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * What tests find in their environment: KHUI_CHROMIUM, the browser's path. Installs Debian's packages where something is
 * missing and that can be done; else throws an error that says what to install.
 */
export async function findPrograms(machine: Machine = thisMachine(process.env)): Promise<Record<string, string>> {
  const named = machine.environment.KHUI_CHROMIUM;
  const known = named || browsers.map((name) => machine.findBinary(name)).find((path) => path !== undefined);
  const chromium = known ?? (await pathOf("chromium", machine));
  await pathOf("ffmpeg", machine);
  await pathOf("openssl", machine);
  return { KHUI_CHROMIUM: chromium };
}

async function pathOf(binary: string, machine: Machine): Promise<string> {
  const source = await findSource({ binary, debianPackages: [binary] }, machine);
  if (source.kind !== "binary") throw new Error(`${binary} is a program of this machine`);
  return source.path;
}
