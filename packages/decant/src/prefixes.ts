import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { makeFolders } from "@decant/host";
import { UsageError } from "./terminal.ts";

/** A prefix: a folder that holds a C: drive, which stays between runs. */
export interface Prefix {
  readonly name: string;
  readonly folder: string;
  /** What is guests' C:. */
  readonly drive: string;
}

/** Where prefixes lie that are called by a name. */
export function prefixesFolder(): string {
  const { DECANT_PREFIXES: chosen, XDG_DATA_HOME: data } = process.env;
  return resolve(chosen || join(data && isAbsolute(data) ? data : join(homedir(), ".local/share"), "decant/prefixes"));
}

/** A prefix by its name, or by a folder's path (which holds a "/"). Throws UsageError for what is neither. */
export function prefixNamed(given: string): Prefix {
  if (!given.includes("/") && !/^[\w][\w.-]*$/.test(given))
    throw new UsageError(`a prefix is a name of letters, digits, ".", "_" and "-", or a folder's path with a "/"; not "${given}"`);
  const folder = given.includes("/") ? resolve(given) : join(prefixesFolder(), given);
  return { name: basename(folder), folder, drive: join(folder, DRIVE) };
}

/** All prefixes that are called by a name. */
export function listPrefixes(): Prefix[] {
  const folder = prefixesFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && existsSync(join(folder, name, DRIVE)))
    .toSorted()
    .map(prefixNamed);
}

/**
 * Makes a prefix ready for a run, and says that this process uses it until `release`. Several may use one at once: what they share are files of the host's. It appears in one
 * step, so that one that another process is making is never seen half done.
 */
export function usePrefix(prefix: Prefix): { release(): void } {
  const mark = join(prefix.folder, USERS, `${process.pid}-${++uses}`);
  try {
    if (!existsSync(prefix.drive)) makePrefix(prefix);
    const now = new Date();
    utimesSync(prefix.folder, now, now);
    makeFolders(dirname(mark));
    writeFileSync(mark, "");
  } catch (error) {
    throw new UsageError(`the prefix ${prefix.folder} cannot be used: ${(error as Error).message}`, 1);
  }
  return { release: () => rmSync(mark, { force: true }) };
}

function makePrefix({ folder, drive }: Prefix): void {
  const staging = `${folder}.${process.pid}.new`;
  try {
    makeFolders(join(staging, DRIVE));
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Somebody else was first, or the folder was there with other things in it.
    if (existsSync(drive)) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    makeFolders(drive);
  }
}

/** The processes that use a prefix now, by their ids. Marks that a killed process left are removed. */
export function usersOf({ folder }: Prefix): number[] {
  const users = join(folder, USERS);
  if (!existsSync(users)) return [];
  const alive = readdirSync(users).filter((mark) => {
    if (isAlive(Number.parseInt(mark, 10))) return true;
    rmSync(join(users, mark), { force: true });
    return false;
  });
  return [...new Set(alive.map((mark) => Number.parseInt(mark, 10)))];
}

/** Empties a prefix, or removes it. Throws UsageError when somebody uses it. */
export function resetPrefix(prefix: Prefix): void {
  requireUnused(prefix, "reset");
  // Out of the way in one step: a run that starts meanwhile finds a new one.
  const old = join(dirname(prefix.folder), `.${prefix.name}.${process.pid}.old`);
  renameSync(prefix.folder, old);
  rmSync(old, { recursive: true, force: true });
}

/** Copies a prefix to one that is not there yet. Throws UsageError when it is, or when somebody uses the first. */
export function copyPrefix(from: Prefix, to: Prefix): void {
  if (existsSync(to.folder)) throw new UsageError(`${to.folder} is there already`, 1);
  requireUnused(from, "copied");
  const staging = join(dirname(to.folder), `.${to.name}.${process.pid}.new`);
  try {
    makeFolders(dirname(to.folder));
    cpSync(from.drive, join(staging, DRIVE), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    renameSync(staging, to.folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw new UsageError(`the prefix ${from.name} cannot be copied to ${to.folder}: ${(error as Error).message}`, 1);
  }
}

/** Bytes of all files in a prefix, and when it was last used. */
export function measurePrefix({ drive, folder }: Prefix): { bytes: number; usedMs: number } {
  let bytes = 0;
  for (const entry of readdirSync(drive, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return { bytes, usedMs: statSync(folder).mtimeMs };
}

function requireUnused(prefix: Prefix, what: string): void {
  if (!existsSync(prefix.drive)) throw new UsageError(`there is no prefix ${prefix.name} (${prefix.folder})`, 1);
  const users = usersOf(prefix);
  if (users.length > 0) throw new UsageError(`the prefix ${prefix.name} is in use by process ${users.join(", ")} and cannot be ${what}`, 1);
}

function isAlive(id: number): boolean {
  if (!Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** How often this process has used a prefix. */
let uses = 0;

const DRIVE = "drive_c";
const USERS = ".in-use";
