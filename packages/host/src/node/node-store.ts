import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { HostStore, StoreEntry } from "../store.ts";
import { makeFolders } from "./make-folders.ts";

/** A file's time is set when it is read, if the time is older than this. */
const TOUCH_AFTER_MS = 3_600_000;
/** What is removed until it fits: down to this part of the limit. */
const KEEP = 0.9;
/** What its files are called: others in the folder are left alone. */
const EXTENSION = ".decant";
/** Files on their way to their names end with this. */
const UNFINISHED = ".unfinished.decant";

/**
 * A store in a folder that belongs to this user alone: made with mode 0700, and not used when others may write to it or own it, as who can write to it decides
 * what code runs. Of more than `limitBytes` the least recently used goes.
 */
export function nodeStore(folder: string, { limitBytes }: { limitBytes: number }): HostStore {
  const isOurs = (): boolean => {
    const { mode, uid } = statSync(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  };
  const evict = (): void => {
    const entries = listFolder(folder);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= limitBytes) return;
    for (const { name, bytes } of entries.toReversed()) {
      if (total <= KEEP * limitBytes) return;
      rmSync(join(folder, name), { force: true });
      total -= bytes;
    }
  };
  const pathOf = (name: string): string => join(folder, name + EXTENSION);
  return {
    load: (name, from = 0) => attempt(() => (isOurs() ? readFrom(pathOf(name), from) : undefined)),
    size: (name) => attempt(() => (isOurs() ? sizeOf(pathOf(name)) : 0)) ?? 0,
    append(name, bytes) {
      attempt(() => {
        if (!isOurs()) return;
        const file = openSync(pathOf(name), constants.O_WRONLY | constants.O_APPEND);
        try {
          writeSync(file, bytes);
        } finally {
          closeSync(file);
        }
        evict();
      });
    },
    replace(name, bytes) {
      attempt(() => {
        makeFolders(folder);
        if (!isOurs()) return;
        const unfinished = join(folder, `${name}-${process.pid}${UNFINISHED}`);
        try {
          writeFileSync(unfinished, bytes, { mode: 0o600 });
          renameSync(unfinished, pathOf(name));
        } catch (error) {
          rmSync(unfinished, { force: true });
          throw error;
        }
        evict();
      });
    },
    list() {
      const finished = (attempt(() => listFolder(folder)) ?? []).filter(({ name }) => !name.endsWith(UNFINISHED));
      return finished.map((entry) => ({ ...entry, name: entry.name.slice(0, -EXTENSION.length) }));
    },
    clear() {
      for (const { name } of attempt(() => listFolder(folder)) ?? []) attempt(() => rmSync(join(folder, name), { force: true }));
    },
  };
}

/** Undefined where the host refuses. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

function readFrom(path: string, from: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY);
  try {
    const { size, mtimeMs } = fstatSync(file);
    const bytes = new Uint8Array(Math.max(0, size - from));
    let at = 0;
    for (let count = -1; at < bytes.length && count !== 0; at += count) count = readSync(file, bytes, at, bytes.length - at, from + at);
    touch(path, mtimeMs);
    return bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

/** Asking for a file's size is using it. */
function sizeOf(path: string): number {
  const { size, mtimeMs } = statSync(path);
  touch(path, mtimeMs);
  return size;
}

function touch(path: string, mtimeMs: number): void {
  const now = Date.now();
  if (now - mtimeMs > TOUCH_AFTER_MS) attempt(() => utimesSync(path, now / 1000, now / 1000));
}

/** The store's files, the last used first. */
function listFolder(folder: string): StoreEntry[] {
  const entries: StoreEntry[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(EXTENSION)) continue;
    const stat = attempt(() => statSync(join(folder, name)));
    if (stat?.isFile() === true) entries.push({ name, bytes: stat.size, usedMs: stat.mtimeMs });
  }
  return entries.toSorted((a, b) => b.usedMs - a.usedMs);
}
