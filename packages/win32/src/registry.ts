import { Registry } from "@decant/hook";
import { registry } from "./advapi32/registry.ts";
import { security } from "./advapi32/security.ts";
import { random } from "./bcryptprimitives/random.ts";
import { crt } from "./crt/index.ts";
import { kernel32b } from "./kernel32/index-b.ts";
import { kernel32c } from "./kernel32/index-c.ts";
import { kernel32 } from "./kernel32/index.ts";
import { ntSystem } from "./ntdll/system.ts";
import { automation } from "./oleaut32/automation.ts";
import { psapiApi } from "./psapi/psapi.api.ts";
import { commandLine } from "./shell32/command-line.ts";
import { characters } from "./user32/characters.ts";
import { userText } from "./user32/text.ts";
import { multimediaTime } from "./winmm/time.ts";

/** All of Windows' DLLs that are mapped. A new registry each time: what is added to one does not show in another. */
export function win32Registry(): Registry {
  return new Registry().add(
    ...kernel32,
    ...kernel32b,
    ...kernel32c,
    automation,
    characters,
    commandLine,
    multimediaTime,
    ntSystem,
    psapiApi,
    random,
    registry,
    security,
    userText,
    ...crt,
  );
}
