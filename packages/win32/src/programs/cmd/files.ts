import type { GuestGenerator } from "@decant/process";
import { system } from "../../crt/system.ts";
import { hasWildcards } from "../../paths/wildcard.ts";
import { failureCode } from "./failure.ts";
import type { Shell } from "./shell.ts";

export const ACCESS = { READ: 0x8000_0000, WRITE: 0x4000_0000, APPEND: 4 } as const;
export const OPEN = { CREATE_NEW: 1, CREATE_ALWAYS: 2, EXISTING: 3, ALWAYS: 4 } as const;
export const ATTRIBUTE = { READONLY: 1, HIDDEN: 2, DIRECTORY: 0x10, NORMAL: 0x80 } as const;
const SHARE_READ_WRITE = 3;
const CHUNK = 1 << 16;

/** Opens a file of the shell's. Throws Win32Error. */
export function open(shell: Shell, path: string, access: number, disposition: number): ReturnType<typeof system.createFile> {
  const name = /^(?:nul|con|prn|aux|conin\$|conout\$)$/i.test(path) ? path : shell.fullPath(path);
  return system.createFile(shell.thread, name, access, SHARE_READ_WRITE, disposition, ATTRIBUTE.NORMAL);
}

/** All bytes of a file. */
export function* readWhole(shell: Shell, path: string): GuestGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  yield* eachChunk(shell, path, function* (chunk) {
    yield* [];
    chunks.push(chunk.slice());
  });
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Hands a file's bytes on, piece by piece. */
export function* eachChunk(shell: Shell, path: string, take: (chunk: Uint8Array) => GuestGenerator<void>): GuestGenerator<void> {
  const handle = open(shell, path, ACCESS.READ, OPEN.EXISTING);
  try {
    for (;;) {
      const chunk = yield* system.read(shell.thread, handle, CHUNK);
      if (chunk.length === 0) return;
      yield* take(chunk);
    }
  } finally {
    system.closeHandle(shell.thread, handle);
  }
}

/** The attributes of a file or folder; undefined when there is none. */
export function attributesOf(shell: Shell, path: string): number | undefined {
  try {
    return system.attributes(shell.thread, shell.fullPath(path)).attributes;
  } catch (error) {
    failureCode(error);
    return undefined;
  }
}

export function isFolder(shell: Shell, path: string): boolean {
  return ((attributesOf(shell, path) ?? 0) & ATTRIBUTE.DIRECTORY) !== 0;
}

/** Files and folders that a path with wildcards in its last part matches: full paths. Without wildcards, the path itself when it is there. */
export function matches(shell: Shell, path: string): string[] {
  const full = shell.fullPath(path);
  if (!hasWildcards(path)) return attributesOf(shell, path) === undefined ? [] : [full];
  const folder = full.slice(0, full.lastIndexOf("\\") + 1);
  return system
    .listFiles(shell.thread, full)
    .filter((name) => name !== "." && name !== "..")
    .map((name) => folder + name);
}

/** The last name of a path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("\\") + 1);
}
