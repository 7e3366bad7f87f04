import { nodeStore } from "@decant/host";
import type { KernelOptions } from "@decant/process";
import { CACHE_LIMIT_BYTES } from "./cache-folder.ts";
import { expectMoreCompiled, expectMuchCode } from "./compiled-code.ts";
import { hashText } from "./hash-text.ts";

declare const DECANT_BUILD: string | undefined;

/** What tells this build of the translator from any other: a hash of the whole bundle. Sources that run unbundled have none, and keep nothing. */
const build = typeof DECANT_BUILD === "string" ? DECANT_BUILD : undefined;

/**
 * Where the kernel finds what earlier runs of a program have translated: an entry of the store for each program, build and kind of processor. A program is known by its name, size and
 * head, which tells one file from another; what its code is, every translation checks for itself.
 */
export function programTranslations(folder: string | undefined, version = build): NonNullable<KernelOptions["translations"]> | undefined {
  if (folder === undefined || version === undefined) return undefined;
  const store = nodeStore(folder, { limitBytes: CACHE_LIMIT_BYTES });
  return (image, path) => {
    const program = path.slice(path.lastIndexOf("\\") + 1).replace(/[^\w.-]/g, "_");
    const key = `${version} ${process.arch} ${image.length} ${hashText(image.subarray(0, HEAD_BYTES))}`;
    const name = `${program}-${hashText(Buffer.from(key))}`;
    const linked = `${name}${LINKED}`;
    return {
      key,
      records: {
        limitBytes: LIMIT_BYTES,
        size: () => store.size(name),
        load: (from) => store.load(name, from),
        append: (bytes) => store.append(name, bytes),
        replace: (bytes) => store.replace(name, bytes),
      },
      modules: {
        load: () => {
          const kept = store.load(linked);
          if ((kept?.length ?? 0) > MUCH_BYTES) expectMuchCode();
          return kept;
        },
        replace: (bytes) => {
          store.replace(linked, bytes);
          expectMoreCompiled();
        },
      },
    };
  };
}

/** Ends the name of what is linked. */
export const LINKED = "-linked";

/** Node, as a program, has 130 MiB where a protection and `fegetenv` have changed the form of its code twice. */
const LIMIT_BYTES = 192 * 2 ** 20;

/** So much is kept of programs whose start is mostly V8's compiling. */
const MUCH_BYTES = 2 * 2 ** 20;

/** Headers, section table and import directory are in there, with the time at which the program was linked. */
const HEAD_BYTES = 1024;
