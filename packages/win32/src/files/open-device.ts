import { ERROR, Win32Error } from "@decant/hook";
import type { Thread } from "@decant/process";
import { stateOf } from "../process-state.ts";
import type { IoObject } from "./io-object.ts";
import { NullDevice } from "./standard-streams.ts";

const READS = 0x9000_0000;
const WRITES = 0x5000_0000;

/** Opens a device by its name in lower case. Throws ERROR_FILE_NOT_FOUND for one that is not there, as a console without a terminal. */
export function openDevice(thread: Thread, name: string, access: number): IoObject {
  const { stdin, stdout } = thread.process.host;
  const input = (): IoObject => requireConsole(stateOf(thread).openInput(), stdin.isTerminal);
  const output = (): IoObject => requireConsole(stateOf(thread).openOutput("stdout"), stdout.isTerminal);
  const reads = (access & READS) !== 0;
  const writes = (access & WRITES) !== 0;
  switch (name) {
    case "nul":
      return new NullDevice();
    case "conin$":
      return input();
    case "conout$":
      return output();
    case "con":
      if (reads === writes) throw new Win32Error(ERROR.FILE_NOT_FOUND);
      return reads ? input() : output();
    default:
      throw new Win32Error(ERROR.FILE_NOT_FOUND);
  }
}

function requireConsole(object: IoObject, isTerminal: boolean): IoObject {
  if (!isTerminal) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return object;
}
