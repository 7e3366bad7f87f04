import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** What the cache may hold, in bytes; the least recently used goes first. */
export const CACHE_LIMIT_BYTES = 2 ** 30;

/** The folder that translations are kept in: what `--cache` says, else DECANT_CACHE, else a folder of this user's; undefined for "off". */
export function cacheFolder(given: string | undefined): string | undefined {
  const { DECANT_CACHE: chosen, XDG_CACHE_HOME: caches } = process.env;
  const folder = given ?? (chosen || undefined);
  if (folder === "off") return undefined;
  if (folder !== undefined) return resolve(folder);
  return join(caches?.startsWith("/") === true ? caches : join(homedir(), ".cache"), "decant");
}
