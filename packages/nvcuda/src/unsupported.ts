import { CUDA_ERROR, exportNames } from "@decant/cuda";
import { api, fn, type Implementation } from "@decant/hook";
import { type GuestThread, implement, type Nvcuda } from "./library.ts";
import { CURESULT } from "./types.ts";

/** All exports of nvcuda.dll that no topic declares: each answers CUDA_ERROR_NOT_SUPPORTED, and is counted. */
export function unsupported(nvcuda: Nvcuda, declared: ReadonlySet<string>): Implementation {
  const names = exportNames.filter((name) => !declared.has(name));
  const table = api("nvcuda", Object.fromEntries(names.map((name) => [name, fn(CURESULT)])));
  const bodies = Object.fromEntries(
    names.map((name) => [
      name,
      (thread: GuestThread) => {
        nvcuda.countUnsupported(thread, name);
        return CUDA_ERROR.NOT_SUPPORTED;
      },
    ]),
  );
  return implement(table, bodies);
}
