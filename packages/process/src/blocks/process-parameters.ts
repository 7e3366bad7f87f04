import { PAGE } from "@decant/memory";
import type { GuestMemory } from "@decant/memory";
import type { StartupDetails } from "../process-options.ts";
import { writeUnicodeString } from "./unicode-string.ts";

type Offsets<T> = { readonly [K in keyof T]: number };

/** Offsets in the x64 RTL_USER_PROCESS_PARAMETERS (winternl.h, and the public symbols of ntdll). */
export const PARAMETERS = {
  MaximumLength: 0x00,
  Length: 0x04,
  Flags: 0x08,
  ConsoleHandle: 0x10,
  StandardInput: 0x20,
  StandardOutput: 0x28,
  StandardError: 0x30,
  CurrentDirectory: 0x38,
  DllPath: 0x50,
  ImagePathName: 0x60,
  CommandLine: 0x70,
  Environment: 0x80,
  /** Eight words: the window's place and size, its size in characters, colours, STARTF_* flags. */
  Window: 0x88,
  WindowFlags: 0xa4,
  ShowWindowFlags: 0xa8,
  WindowTitle: 0xb0,
  DesktopInfo: 0xc0,
  RuntimeData: 0xe0,
  EnvironmentSize: 0x3f0,
} as const;

/** The same of the x86 RTL_USER_PROCESS_PARAMETERS. */
const PARAMETERS32: Offsets<typeof PARAMETERS> = {
  MaximumLength: 0x00,
  Length: 0x04,
  Flags: 0x08,
  ConsoleHandle: 0x10,
  StandardInput: 0x18,
  StandardOutput: 0x1c,
  StandardError: 0x20,
  CurrentDirectory: 0x24,
  DllPath: 0x30,
  ImagePathName: 0x38,
  CommandLine: 0x40,
  Environment: 0x48,
  Window: 0x4c,
  WindowFlags: 0x68,
  ShowWindowFlags: 0x6c,
  WindowTitle: 0x70,
  DesktopInfo: 0x78,
  RuntimeData: 0x88,
  EnvironmentSize: 0x290,
};

/** The layout of process parameters in this memory. */
export function parametersLayout({ pointerSize }: GuestMemory): Offsets<typeof PARAMETERS> {
  return pointerSize === 8 ? PARAMETERS : PARAMETERS32;
}

/** Room for either layout. */
const SIZE = 0x440;
/** The current folder's buffer has room for MAX_PATH: programs and SetCurrentDirectory rewrite it in place. */
const CURRENT_DIRECTORY_CHARS = 262;
/** RTL_USER_PROC_PARAMS_NORMALIZED: the strings hold pointers, not offsets. */
const NORMALIZED = 1;

/** What a process was started with. */
export interface StartParameters {
  readonly imagePath: string;
  readonly commandLine: string;
  readonly currentDirectory: string;
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly startup?: StartupDetails;
}

/** Allocates and fills in the process parameters and the environment block; returns the address. */
export function writeProcessParameters(memory: GuestMemory, start: StartParameters): number {
  const layout = parametersLayout(memory);
  const environment = environmentBlock(start.environment);
  const folder = withTrailingBackslash(start.currentDirectory);
  const texts: [offset: number, text: string][] = [
    [layout.DllPath, ""],
    [layout.ImagePathName, start.imagePath],
    [layout.CommandLine, start.commandLine],
    [layout.WindowTitle, start.startup?.title ?? start.imagePath],
    [layout.DesktopInfo, start.startup?.desktop ?? "WinSta0\\Default"],
  ];
  const chars = texts.reduce((sum, [, text]) => sum + text.length + 1, CURRENT_DIRECTORY_CHARS) + environment.length;
  const runtimeData = start.startup?.runtimeData ?? new Uint8Array(0);
  const size = SIZE + chars * 2 + 16 + runtimeData.length;
  const block = memory.allocate(size, PAGE.READWRITE);
  if (block === undefined) throw new RangeError(`no room for ${size} bytes of process parameters`);
  memory.setU32(block + layout.MaximumLength, SIZE);
  memory.setU32(block + layout.Length, SIZE);
  memory.setU32(block + layout.Flags, NORMALIZED);
  let at = block + SIZE;
  memory.setWstring(at, folder);
  writeUnicodeString(memory, block + layout.CurrentDirectory, folder, at);
  memory.setU16(block + layout.CurrentDirectory + 2, CURRENT_DIRECTORY_CHARS * 2);
  at += CURRENT_DIRECTORY_CHARS * 2;
  for (const [offset, text] of texts) {
    memory.setWstring(at, text);
    writeUnicodeString(memory, block + offset, text, at);
    at += text.length * 2 + 2;
  }
  at = Math.ceil(at / 16) * 16;
  memory.setUtf16(at, environment);
  memory.setPointer(block + layout.Environment, at);
  memory.setPointer(block + layout.EnvironmentSize, environment.length * 2);
  if (start.startup !== undefined) writeStartup(memory, block, start.startup, at + environment.length * 2);
  return block;
}

function writeStartup(memory: GuestMemory, block: number, startup: StartupDetails, runtimeDataAt: number): void {
  const layout = parametersLayout(memory);
  const [input, output, error] = startup.standardHandles;
  memory.setPointer(block + layout.StandardInput, input);
  memory.setPointer(block + layout.StandardOutput, output);
  memory.setPointer(block + layout.StandardError, error);
  startup.window.forEach((word, index) => memory.setU32(block + layout.Window + 4 * index, word));
  memory.setU32(block + layout.WindowFlags, startup.flags);
  memory.setU32(block + layout.ShowWindowFlags, startup.showWindow);
  if (startup.runtimeData.length === 0) return;
  memory.write(runtimeDataAt, startup.runtimeData);
  memory.setU16(block + layout.RuntimeData, startup.runtimeData.length);
  memory.setU16(block + layout.RuntimeData + 2, startup.runtimeData.length);
  memory.setPointer(block + layout.RuntimeData + memory.pointerSize, runtimeDataAt);
}

/** "NAME=value" strings, each terminated, sorted without regard to case as Windows keeps them, and a last terminator. */
export function environmentBlock(environment: readonly (readonly [name: string, value: string])[]): string {
  const sorted = [...environment].sort(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1));
  const text = sorted.map(([name, value]) => `${name}=${value}\0`).join("");
  return text === "" ? "\0\0" : `${text}\0`;
}

function withTrailingBackslash(folder: string): string {
  return folder.endsWith("\\") ? folder : `${folder}\\`;
}
