import { PeError, readImage, type Image } from "@decant/pe";
import { readFileSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { toHostPath } from "./guest-paths.ts";
import { CANNOT_RUN, NOT_FOUND, UsageError } from "./terminal.ts";

/** A program that was found and read. */
export interface ProgramFile {
  /** Absolute, with links resolved. */
  path: string;
  bytes: Uint8Array;
  image: Image;
}

/** Reads and checks a program. Throws UsageError with a sentence when there is no such file, or it is no image that Decant knows. */
export function readProgram(name: string): ProgramFile {
  let bytes: Uint8Array;
  let path: string;
  try {
    // A Windows path is what tools that expect Wine may give.
    path = realpathSync(resolve(toHostPath(name) ?? name));
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(...cannotRead(name, (error as NodeJS.ErrnoException).code));
  }
  return { path, bytes, image: checkedImage(name, bytes) };
}

/** Checks a program's content. Throws UsageError when it is no image that Decant knows. */
export function checkedImage(name: string, bytes: Uint8Array): Image {
  try {
    return readImage(bytes);
  } catch (error) {
    if (error instanceof PeError) throw new UsageError(`${name}: ${error.message}`, CANNOT_RUN);
    throw error;
  }
}

function cannotRead(name: string, code: string | undefined): [message: string, exitCode: number] {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return [`${name}: no such file`, NOT_FOUND];
    case "EISDIR":
      return [`${name}: this is a folder; expected a Windows program`, CANNOT_RUN];
    case "EACCES":
      return [`${name}: you may not read this file`, CANNOT_RUN];
    default:
      return [`${name}: cannot be read (${code ?? "unknown error"})`, CANNOT_RUN];
  }
}

/** UEFI's four, and Windows' boot loader (PE Format, "Windows Subsystem"). */
const FIRMWARE_SUBSYSTEMS = new Set([10, 11, 12, 13, 16]);

/** Refuses what is a valid image, but nothing that can be run here. */
export function requireRunnable(name: string, image: Image): void {
  if (image.isDotNet)
    throw new UsageError(`${name}: this is a .NET program: it needs the .NET runtime, which Decant does not provide`, CANNOT_RUN);
  if (FIRMWARE_SUBSYSTEMS.has(image.subsystem))
    throw new UsageError(
      `${name}: this is a program for a computer's firmware (UEFI), which needs no Windows; it cannot run here`,
      CANNOT_RUN,
    );
  if (image.isDll) throw new UsageError(`${name}: this is a DLL; name a program (.exe) that uses it`, CANNOT_RUN);
}
