import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { KernelObject, type Event, type Thread } from "@decant/process";
import { hivesOf, type Hives } from "./hives.ts";
import type { KeyNode, KeyWatcher } from "./key-node.ts";
import { KEY } from "./registry-constants.ts";

const GENERIC = { READ: 0x8000_0000, WRITE: 0x4000_0000, EXECUTE: 0x2000_0000, ALL: 0x1000_0000, MAXIMUM_ALLOWED: 0x0200_0000 } as const;

/** Keys that are always open, by their numbers (winreg.h). */
const PREDEFINED: ReadonlyMap<number, (hives: Hives) => KeyNode> = new Map([
  [0x8000_0000, (hives) => hives.classes],
  [0x8000_0001, (hives) => hives.currentUser],
  [0x8000_0002, (hives) => hives.machine],
  [0x8000_0003, (hives) => hives.users],
  [0x8000_0005, (hives) => hives.create(hives.machine, "SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current")],
]);

/** A key as a program holds it. */
export class OpenKey extends KernelObject {
  readonly node: KeyNode;
  readonly access: number;
  /** RegNotifyChangeKeyValue's watches: they end with the key. */
  readonly watches = new Set<KeyWatch>();

  constructor(node: KeyNode, access: number) {
    super();
    this.node = node;
    this.access = access;
  }

  protected override close(): void {
    for (const watch of this.watches) watch.changed();
  }
}

/** Tells an event of one change. */
export class KeyWatch implements KeyWatcher {
  readonly filter: number;
  readonly subtree: boolean;
  readonly #key: OpenKey;
  readonly #event: Event;

  constructor(key: OpenKey, event: Event, filter: number, subtree: boolean) {
    this.filter = filter;
    this.subtree = subtree;
    this.#key = key;
    this.#event = event;
    key.watches.add(this);
    key.node.watchers.add(this);
    event.retain();
  }

  changed(): void {
    this.#key.watches.delete(this);
    this.#key.node.watchers.delete(this);
    this.#event.set();
    this.#event.release();
  }
}

/** Whether a number stands for a key that is always open. */
export function isPredefined(key: Handle): boolean {
  return key >>> 0 >= 0x8000_0000 && key >>> 0 <= 0x8000_0060;
}

/**
 * The key behind a handle, for a use that needs these rights. Throws ERROR_INVALID_HANDLE, ERROR_KEY_DELETED and ERROR_ACCESS_DENIED;
 * ERROR_NOT_SUPPORTED for performance data.
 */
export function keyOf(thread: Thread, handle: Handle, rights: number): KeyNode {
  if (isPredefined(handle)) {
    const overridden = overridesOf(thread).get(handle >>> 0);
    if (overridden !== undefined) return overridden;
    const find = PREDEFINED.get(handle >>> 0);
    if (find === undefined) throw new Win32Error(handle >>> 0 === 0x8000_0004 ? ERROR.NOT_SUPPORTED : ERROR.INVALID_HANDLE);
    return find(hivesOf(thread.process));
  }
  const key = openKeyOf(thread, handle);
  if ((rights & ~key.access) !== 0) throw new Win32Error(ERROR.ACCESS_DENIED);
  if (key.node.isDeleted) throw new Win32Error(ERROR.KEY_DELETED);
  return key.node;
}

/** The object behind a handle that was opened. */
export function openKeyOf(thread: Thread, handle: Handle): OpenKey {
  const key = thread.process.handles.find(handle);
  if (!(key instanceof OpenKey)) throw new Win32Error(ERROR.INVALID_HANDLE);
  return key;
}

/** What RegOverridePredefKey put in the place of predefined keys. */
export function overridesOf({ process }: Thread): Map<number, KeyNode> {
  return process.state(OVERRIDES, () => new Map<number, KeyNode>());
}

const OVERRIDES = Symbol("overridden predefined keys");

/** A key below another by its path, in the view that the access mask or the process' own width asks for; undefined when it is not there. */
export function findKey(thread: Thread, from: KeyNode, path: string, access: number): KeyNode | undefined {
  let node: KeyNode | undefined = from;
  for (const name of splitPath(path)) node = node === undefined ? undefined : step(thread, node, name, access);
  return node === undefined ? undefined : redirected(thread, node, access);
}

/** The same, with what is not there made. `created` tells whether the last one was. */
export function createKey(
  thread: Thread,
  from: KeyNode,
  path: string,
  access: number,
  { className = "", isVolatile = false } = {},
): { node: KeyNode; created: boolean } {
  const hives = hivesOf(thread.process);
  let node = from;
  let created = false;
  for (const name of splitPath(path)) {
    const next = step(thread, node, name, access);
    created = next === undefined;
    if (next === undefined && node.isVolatile && !isVolatile) throw new Win32Error(ERROR.CHILD_MUST_BE_VOLATILE);
    node = next ?? redirected(thread, node, access).add(name, hives.now());
    if (next === undefined) node.isVolatile = isVolatile;
  }
  node = redirected(thread, node, access);
  if (created) node.className = className;
  return { node, created };
}

/** An access mask with the generic rights resolved. */
export function grantedAccess(desired: number): number {
  const has = (bit: number): boolean => (desired & bit) !== 0;
  let granted = desired & KEY.ALL_ACCESS;
  if (has(GENERIC.ALL | GENERIC.MAXIMUM_ALLOWED)) granted |= KEY.ALL_ACCESS;
  if (has(GENERIC.READ | GENERIC.EXECUTE)) granted |= KEY.READ;
  if (has(GENERIC.WRITE)) granted |= KEY.WRITE;
  return granted;
}

/** Keys' names on a path. One at the end may be empty; a path that starts with a separator is refused (ERROR_BAD_PATHNAME). */
function splitPath(path: string): string[] {
  if (path.startsWith("\\")) throw new Win32Error(ERROR.BAD_PATHNAME);
  return path.split("\\").filter((name) => name !== "");
}

function step(thread: Thread, node: KeyNode, name: string, access: number): KeyNode | undefined {
  const view = redirected(thread, node, access);
  // In the 32-bit view, Wow6432Node is where one already is.
  if (view !== node && name.toLowerCase() === "wow6432node") return view;
  return view.subkey(name);
}

/** HKEY_LOCAL_MACHINE\SOFTWARE is another key for 32-bit programs ("Registry Redirector"). */
function redirected(thread: Thread, node: KeyNode, access: number): KeyNode {
  const is32 = (access & KEY.WOW64_32KEY) !== 0 || ((access & KEY.WOW64_64KEY) === 0 && thread.pointerSize === 4);
  if (!is32 || node.depth !== 1 || node.parent !== hivesOf(thread.process).machine || node.name.toLowerCase() !== "software") return node;
  return node.subkey("Wow6432Node") ?? node;
}
