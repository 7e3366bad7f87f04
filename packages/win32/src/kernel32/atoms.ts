import { ERROR, Win32Error, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { upcase } from "../text/upcase.ts";
import { atomsApi } from "./atoms.api.ts";

/** Atoms of names start here; those below are numbers. */
const FIRST_NAME = 0xc000;
const LAST_NAME = 0xffff;
const MAX_LENGTH = 255;

interface Atom {
  readonly name: string;
  uses: number;
}

/** A table of names that have numbers, counted. */
class AtomTable {
  readonly #atoms = new Map<number, Atom>();
  readonly #numbers = new Map<string, number>();

  add(name: string): number {
    const known = this.find(name);
    const atom = known === undefined ? undefined : this.#atoms.get(known);
    if (known !== undefined && atom !== undefined) {
      atom.uses++;
      return known;
    }
    let number = FIRST_NAME;
    while (this.#atoms.has(number)) if (++number > LAST_NAME) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    this.#atoms.set(number, { name, uses: 1 });
    this.#numbers.set(upcase(name), number);
    return number;
  }

  find(name: string): number | undefined {
    return this.#numbers.get(upcase(name));
  }

  name(number: number): string | undefined {
    if (number < FIRST_NAME) return number === 0 ? undefined : `#${number}`;
    return this.#atoms.get(number)?.name;
  }

  /** Whether there was such an atom. */
  remove(number: number): boolean {
    if (number < FIRST_NAME) return true;
    const atom = this.#atoms.get(number);
    if (atom === undefined) return false;
    if (--atom.uses > 0) return true;
    this.#atoms.delete(number);
    return this.#numbers.delete(upcase(atom.name));
  }
}

/** Nothing but this process sees our global table: the two differ in what they hold. */
class Tables {
  readonly local = new AtomTable();
  readonly global = new AtomTable();

  static of(thread: Thread): Tables {
    return thread.process.state(Tables, () => new Tables());
  }
}

type Scope = "local" | "global";
type Width = "ansi" | "wide";

const add = (scope: Scope, width: Width) => (thread: Thread, lpString: number) => {
  const name = nameAt(thread, lpString, width);
  return typeof name === "number" ? name : Tables.of(thread)[scope].add(name);
};
const find = (scope: Scope, width: Width) => (thread: Thread, lpString: number) => {
  const name = nameAt(thread, lpString, width);
  const found = typeof name === "number" ? name : Tables.of(thread)[scope].find(name);
  if (found === undefined) throw new Win32Error(ERROR.FILE_NOT_FOUND);
  return found;
};
const remove = (scope: Scope) => (thread: Thread, nAtom: number) => {
  if (Tables.of(thread)[scope].remove(nAtom)) return 0;
  thread.lastError = ERROR.INVALID_HANDLE;
  return nAtom;
};
const nameOf = (scope: Scope) => (thread: Thread, nAtom: number, lpBuffer: TextBuffer, nSize: number) => {
  const name = Tables.of(thread)[scope].name(nAtom);
  if (nSize <= 0) throw new Win32Error(ERROR.MORE_DATA);
  if (name === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  return lpBuffer.writeTruncated(name, nSize).written;
};

export const atoms = implement(atomsApi, {
  AddAtomA: add("local", "ansi"),
  AddAtomW: add("local", "wide"),
  FindAtomA: find("local", "ansi"),
  FindAtomW: find("local", "wide"),
  DeleteAtom: remove("local"),
  GetAtomName: nameOf("local"),
  InitAtomTable: () => true,
  GlobalAddAtomA: add("global", "ansi"),
  GlobalAddAtomW: add("global", "wide"),
  GlobalFindAtomA: find("global", "ansi"),
  GlobalFindAtomW: find("global", "wide"),
  GlobalDeleteAtom: remove("global"),
  GlobalGetAtomName: nameOf("global"),
});

/** A name, or the number that MAKEINTATOM or "#1234" stands for. */
function nameAt(thread: Thread, address: number, width: Width): string | number {
  if (address < 0x10000) return checkNumber(address);
  const { memory, ansi } = thread;
  const name = width === "wide" ? memory.wstring(address) : ansi.decode(memory.slice(address, memory.cstringLength(address)));
  const number = /^#(\d+)$/.exec(name)?.[1];
  if (number !== undefined) return checkNumber(Number(number));
  if (name === "" || name.length > MAX_LENGTH) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return name;
}

function checkNumber(number: number): number {
  if (number === 0 || number >= FIRST_NAME) throw new Win32Error(ERROR.INVALID_PARAMETER);
  return number;
}
