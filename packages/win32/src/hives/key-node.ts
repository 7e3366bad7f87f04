import { ERROR, Win32Error } from "@decant/hook";
import { upcase } from "../text/upcase.ts";

/** A named value of a key; texts are UTF-16, with the NUL that they were set with. */
export interface RegistryValue {
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
}

/** What a change is, as RegNotifyChangeKeyValue filters it. */
export const CHANGE = { NAME: 1, ATTRIBUTES: 2, LAST_SET: 4, SECURITY: 8 } as const;

/** Somebody who wants to know of changes. */
export interface KeyWatcher {
  readonly filter: number;
  readonly subtree: boolean;
  changed(): void;
}

/** "Registry element size limits", and what bounds a registry as a whole. */
const MAX_KEY_NAME = 255;
const MAX_VALUE_NAME = 16_383;
const MAX_DEPTH = 512;
const MAX_TOTAL_BYTES = 64 * 2 ** 20;
const NODE_BYTES = 100;

/** The bytes that all keys of a registry take. */
export interface RegistryBudget {
  bytes: number;
}

/** A key of the registry: its subkeys and values, by names without regard to case. */
export class KeyNode {
  readonly name: string;
  readonly parent: KeyNode | undefined;
  readonly depth: number;
  readonly budget: RegistryBudget;
  className = "";
  /** Gone when the registry is put down. */
  isVolatile = false;
  isDeleted = false;
  /** FILETIME. */
  lastWrite: bigint;
  readonly watchers = new Set<KeyWatcher>();
  readonly #subkeys = new Map<string, KeyNode>();
  readonly #values = new Map<string, RegistryValue>();
  #fill: ((node: KeyNode) => void) | undefined;
  #names: KeyNode[] | undefined;
  #sorted: RegistryValue[] | undefined;

  constructor(name: string, parent: KeyNode | undefined, now: bigint, budget: RegistryBudget) {
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.lastWrite = now;
    this.budget = budget;
  }

  /** Gives content that is made when somebody looks. */
  fillLater(fill: (node: KeyNode) => void): void {
    this.#fill = fill;
  }

  /** Subkeys in the order of their names. */
  get subkeys(): readonly KeyNode[] {
    this.#filled();
    return (this.#names ??= [...this.#subkeys].toSorted(byKey).map(([, node]) => node));
  }

  /** Values in the order of their names, the default first. */
  get values(): readonly RegistryValue[] {
    this.#filled();
    return (this.#sorted ??= [...this.#values].toSorted(byKey).map(([, value]) => value));
  }

  subkey(name: string): KeyNode | undefined {
    this.#filled();
    return this.#subkeys.get(upcase(name));
  }

  value(name: string): RegistryValue | undefined {
    this.#filled();
    return this.#values.get(upcase(name));
  }

  /** Makes a subkey that is not there yet. Throws ERROR_INVALID_PARAMETER for a name that none can have. */
  add(name: string, now: bigint): KeyNode {
    this.#filled();
    if (name.length > MAX_KEY_NAME || this.depth >= MAX_DEPTH) throw new Win32Error(ERROR.INVALID_PARAMETER);
    this.#charge(NODE_BYTES + 2 * name.length);
    const node = new KeyNode(name, this, now, this.budget);
    this.#subkeys.set(upcase(name), node);
    this.#names = undefined;
    this.#touch(now, CHANGE.NAME);
    return node;
  }

  /** Lets another key be seen here too, under a name of its own. */
  link(name: string, target: KeyNode): void {
    this.#subkeys.set(upcase(name), target);
    this.#names = undefined;
  }

  setValue(name: string, type: number, data: Uint8Array, now: bigint): void {
    this.#filled();
    if (name.length > MAX_VALUE_NAME) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const key = upcase(name);
    const before = this.#values.get(key);
    this.#charge(data.length - (before?.data.length ?? -NODE_BYTES - 2 * name.length));
    this.#values.set(key, { name: before?.name ?? name, type, data });
    this.#sorted = undefined;
    this.#touch(now, CHANGE.LAST_SET);
  }

  /** Whether there was such a value. */
  deleteValue(name: string, now: bigint): boolean {
    const before = this.value(name);
    if (before === undefined) return false;
    this.#charge(-before.data.length - NODE_BYTES - 2 * name.length);
    this.#values.delete(upcase(name));
    this.#sorted = undefined;
    this.#touch(now, CHANGE.LAST_SET);
    return true;
  }

  /** Removes this key and all below it. */
  delete(now: bigint): void {
    for (const subkey of this.subkeys) if (subkey.parent === this) subkey.delete(now);
    for (const { name } of this.values) this.deleteValue(name, now);
    this.isDeleted = true;
    const { parent } = this;
    if (parent === undefined) return;
    this.#charge(-NODE_BYTES - 2 * this.name.length);
    parent.#subkeys.delete(upcase(this.name));
    parent.#names = undefined;
    parent.#touch(now, CHANGE.NAME);
  }

  #filled(): void {
    const fill = this.#fill;
    if (fill === undefined) return;
    this.#fill = undefined;
    fill(this);
  }

  #charge(bytes: number): void {
    if (bytes > 0 && this.budget.bytes + bytes > MAX_TOTAL_BYTES) throw new Win32Error(ERROR.NO_SYSTEM_RESOURCES);
    this.budget.bytes += bytes;
  }

  #touch(now: bigint, change: number): void {
    this.lastWrite = now;
    this.#tell(change, true);
  }

  #tell(change: number, isHere: boolean): void {
    for (const watcher of Array.from(this.watchers)) if ((watcher.filter & change) !== 0 && (watcher.subtree || isHere)) watcher.changed();
    if (this.parent !== undefined) this.parent.#tell(change, false);
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Text as a value's bytes: UTF-16 with a NUL. */
export function textData(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) & 0xff;
    bytes[2 * i + 1] = text.charCodeAt(i) >>> 8;
  }
  return bytes;
}

/** A value's bytes as text, NULs and all. */
export function dataText(data: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < data.length; i += 2) text += String.fromCharCode(data[i]! | (data[i + 1]! << 8));
  return text;
}

/** A number as a REG_DWORD's bytes. */
export function dwordData(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}
