import { fileURLToPath } from "node:url";

/** The file of the `decant` command: beside the sources, and beside the bundle that is made of them. */
export const commandPath: string = fileURLToPath(new URL("../bin/decant.js", import.meta.url));
