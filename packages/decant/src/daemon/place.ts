import { lstatSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolders } from "@decant/host";
import { hashText } from "../hash-text.ts";

declare const DECANT_BUILD: string | undefined;
/** Of bin/decant.js, which looks whether the folder is there before it loads anything. */
declare const decantScripts: { daemonFolder(): string };

/** Where the daemon of this user is found that this process's runs can be given to. */
export interface DaemonPlace {
  readonly folder: string;
  /** Runs are given to this socket. */
  readonly socket: string;
  /** Questions about the daemon itself to this one. */
  readonly control: string;
  readonly log: string;
}

/** Variables that Node reads when it starts, and none later. */
const READ_AT_START = ["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "UV_THREADPOOL_SIZE"];

/**
 * The place by what a daemon has to have in common with who uses it: the build, Node, the user and his groups, namespaces and the root folder, and the variables that Node
 * reads when it starts. Whoever differs in one of them finds none, or another. Undefined where there can be none: on Windows, and for sources that are not built.
 */
export function daemonPlace(): DaemonPlace | undefined {
  if (typeof DECANT_BUILD !== "string" || process.getuid === undefined) return undefined;
  const folder = decantScripts.daemonFolder();
  const root = statSync("/");
  const common = [
    DECANT_BUILD,
    process.version,
    process.execPath,
    process.geteuid?.(),
    process.getegid?.(),
    process.getgroups?.().join(),
    namespace("mnt"),
    namespace("net"),
    namespace("pid"),
    root.dev,
    root.ino,
    ...READ_AT_START.map((name) => process.env[name] ?? ""),
  ];
  const socket = join(folder, hashText(Buffer.from(common.join("\n"))));
  return { folder, socket, control: `${socket}.control`, log: `${socket}.log` };
}

/** Makes the folder, for this user alone. Throws where it is another's, or others may write to it. */
export function makeDaemonFolder({ folder }: DaemonPlace): void {
  makeFolders(folder);
  if (!isOwnFolder(folder)) throw new Error(`${folder} is not this user's alone`);
}

/** Whether a folder is this user's, and nobody else may reach what is in it. */
export function isOwnFolder(folder: string): boolean {
  try {
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

function namespace(kind: string): string {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return ""; // no Linux
  }
}
