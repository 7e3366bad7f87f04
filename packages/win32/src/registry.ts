import { Registry } from "@decant/hook";
import { crt } from "./crt/index.ts";
import { kernel32b } from "./kernel32/index-b.ts";
import { kernel32 } from "./kernel32/index.ts";

/** All of Windows' DLLs that are mapped. A new registry each time: what is added to one does not show in another. */
export function win32Registry(): Registry {
  return new Registry().add(...kernel32, ...kernel32b, ...crt);
}
