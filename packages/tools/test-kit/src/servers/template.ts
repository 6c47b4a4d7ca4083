// Where all test runs keep the empty PGlite database they start from.
import { fileURLToPath } from "node:url";

export const cache = fileURLToPath(new URL("../../../../../node_modules/.cache/khui/pglite-template", import.meta.url));
