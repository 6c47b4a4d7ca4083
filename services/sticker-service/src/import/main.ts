// Imports a sticker set: main.js FOLDER_OR_ARCHIVE. KHUI_URL is the system, KHUI_TOKEN an administrator's token.
import { developmentToken, importSet } from "./importing.js";

const [path] = process.argv.slice(2);
const url = (process.env.KHUI_URL || "http://localhost:3101").replace(/\/+$/, "");
try {
  if (!path) throw new Error("usage: npm run stickers:import -- FOLDER_OR_ARCHIVE");
  const { done, lines } = await importSet(url, process.env.KHUI_TOKEN || (await developmentToken(url)), path);
  process.stdout.write(`${lines.join("\n")}\n`);
  process.exitCode = done ? 0 : 1;
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}${cause instanceof Error ? `: ${cause.message}` : ""}\n`);
  process.exitCode = 1;
}
