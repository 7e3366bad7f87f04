import { PAGE } from "@decant/memory";
import { STUB_SIZE } from "@decant/pe";
import { EXIT_STATUS } from "../ending.ts";
import type { Process } from "../process.ts";
import { dllKey } from "./dll-names.ts";
import type { ApiEntry, LibrarySource } from "./library.ts";
import { ARGUMENT_WORDS, getRegister } from "../threads/registers.ts";
import { UNWIND } from "../threads/unwind.ts";
import type { Thread } from "../threads/thread.ts";
import type { StubTable } from "./map-library.ts";

/** Stubs that are placed at a time. */
const CHUNK_BYTES = 0x10000;
/** Strings are shown up to this length. */
const MAX_SHOWN = 40;

/** Addresses for imports that nothing provides: calling one ends the program, and says what it called. */
export class UnknownStubs {
  readonly #process: Process;
  readonly #stubs: StubTable;
  readonly #libraries: LibrarySource;
  readonly #addresses = new Map<string, number>();
  #next = 0;
  #end = 0;

  constructor(process: Process, stubs: StubTable, libraries: LibrarySource) {
    this.#process = process;
    this.#stubs = stubs;
    this.#libraries = libraries;
  }

  /** The address of a DLL's missing symbol. */
  address(dll: string, symbol: string): number {
    const id = `${dll}!${symbol}`;
    const known = this.#addresses.get(id);
    if (known !== undefined) return known;
    // Hooks may supply it at any time.
    const address = this.add(id, (thread) => {
      const missing = this.#libraries.missing?.(dllKey(dll), symbol);
      return missing === undefined ? this.#called(thread, id) : missing(thread);
    });
    this.#addresses.set(id, address);
    return address;
  }

  /** Gives a function of the host's an address that no DLL exports. */
  add(name: string, entry: ApiEntry): number {
    const address = this.#place();
    this.#stubs.place(address, this.#stubs.reserve(entry), { name });
    return address;
  }

  #place(): number {
    if (this.#next === this.#end) {
      const chunk = this.#process.memory.allocate(CHUNK_BYTES, PAGE.EXECUTE_READ);
      if (chunk === undefined) throw new RangeError("there is no room for stubs");
      this.#next = chunk;
      this.#end = chunk + CHUNK_BYTES;
    }
    const address = this.#next;
    this.#next += STUB_SIZE;
    return address;
  }

  #called(thread: Thread, id: string): number {
    const process = this.#process;
    const caller = process.modules.describe(thread.memory.u32(thread.rsp));
    const shown = firstArguments(thread)
      .map((value) => describeArgument(thread, value))
      .join(", ");
    const message = `${process.name} called ${id}(${shown}, …) from ${caller}; this function is not mapped`;
    process.end({ kind: "unknown-function", exitCode: EXIT_STATUS.ENTRYPOINT_NOT_FOUND, message });
    return UNWIND;
  }
}

/** The first four arguments of the call, as integers. */
function firstArguments({ registers, memory, pointerSize, rsp }: Thread): bigint[] {
  if (pointerSize === 8) return ARGUMENT_WORDS.map((word) => getRegister(registers, word));
  return [4, 8, 12, 16].filter((offset) => memory.accessible(rsp + offset, 4, "read")).map((offset) => BigInt(memory.u32(rsp + offset)));
}

/** A value, with the text that it points to if it points to some. */
function describeArgument(thread: Thread, value: bigint): string {
  const shown = `0x${value.toString(16)}`;
  const address = Number(value & 0xffff_ffffn);
  if (value >> 32n !== 0n || !thread.memory.accessible(address, MAX_SHOWN * 2, "read")) return shown;
  const narrow = thread.memory.cstring(address, "latin1", MAX_SHOWN);
  const wide = thread.memory.wstring(address, MAX_SHOWN);
  const text = [narrow, wide].find((candidate) => candidate.length > 1 && /^[\x20-\x7e\r\n\t]*$/.test(candidate));
  return text === undefined ? shown : `${shown} ${JSON.stringify(text)}`;
}
