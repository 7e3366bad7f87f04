import { Registry, type FunctionsOfTopics } from "@decant/hook";
import { random } from "./bcryptprimitives/random.ts";
import { crt } from "./crt/index.ts";
import { OLDER_RUNTIMES, olderRuntime } from "./crt/older-runtimes.ts";
import { loadImage } from "./guest-images/load-image.ts";
import { kernel32b } from "./kernel32/index-b.ts";
import { kernel32c } from "./kernel32/index-c.ts";
import { kernel32 } from "./kernel32/index.ts";
import { addBuiltInProgram } from "./programs/built-in.ts";
import { commandProcessor } from "./programs/cmd/command-processor.ts";
import { tools } from "./programs/tools/index.ts";
import { processTopics } from "./process-topics.ts";
import { systemTopics } from "./system-topics.ts";

const topics = [...kernel32, ...kernel32b, ...kernel32c, ...processTopics, ...systemTopics, random, ...crt] as const;

/** All of Windows' DLLs that are mapped. A new registry each time: what is added to one does not show in another. */
export function win32Registry(): Registry {
  addBuiltInProgram("cmd.exe", commandProcessor);
  for (const [name, tool] of Object.entries(tools)) addBuiltInProgram(name as keyof typeof tools, tool);
  const registry = new Registry().add(...topics);
  for (const dll of GUEST_DLLS) registry.addImage(dll, (pointerSize) => loadImage(`${dll}-${pointerSize === 8 ? "x64" : "x86"}`));
  for (const dll of OLDER_RUNTIMES) registry.addLater(dll, () => olderRuntime(dll, crt));
  return registry;
}

/** Every function that is declared, by the names that hooks know it by: what makes their arguments typed. */
export type Win32Functions = FunctionsOfTopics<(typeof topics)[number]>;

/** DLLs that are guest code of our own (guest/images.ts). */
const GUEST_DLLS = ["msvcp140", "windowscodecs"];
