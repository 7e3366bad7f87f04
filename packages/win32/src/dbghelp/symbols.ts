import { encodeText, ERROR, Win32Error, type Handle, type Out } from "@decant/hook";
import {
  describePlace,
  findFunction,
  guestCall,
  implement,
  ProcessObject,
  type GuestGenerator,
  type Module,
  type Thread,
} from "@decant/process";
import { debugSymbolsApi } from "./dbghelp.api.ts";

/** What a process told dbghelp. */
class DebugHelp {
  /** SYMOPT_UNDNAME. */
  options = 2;
  readonly sessions = new Map<bigint, Session>();
}

interface Session {
  searchPath: string;
  /** Modules are known from SymInitialize with fInvadeProcess, or SymRefreshModuleList, on. */
  knowsModules: boolean;
}

/** The folder that a process is in: where symbols are looked for when nobody says where. */
const DEFAULT_SEARCH_PATH = ".";
/** SYMBOL_INFO: the offsets of fields (dbghelp.h). */
const SYMBOL_INFO = {
  SizeOfStruct: 0,
  TypeIndex: 4,
  ModBase: 32,
  Address: 56,
  NameLen: 76,
  MaxNameLen: 80,
  Name: 84,
  size: 88,
} as const;
/** What it has before MaxNameLen that the answer sets: all but the size. */
const ANSWERED = SYMBOL_INFO.MaxNameLen - SYMBOL_INFO.TypeIndex;

const helpOf = ({ process }: Thread): DebugHelp => process.state(DebugHelp, () => new DebugHelp());

export const debugSymbols = implement(debugSymbolsApi, {
  SymGetOptions: (thread) => helpOf(thread).options,
  SymSetOptions: (thread, options) => (helpOf(thread).options = options),
  SymInitialize(thread, hProcess, searchPath, invades) {
    const { sessions } = helpOf(thread);
    if (hProcess === 0n) throw new Win32Error(ERROR.INVALID_HANDLE);
    if (sessions.has(hProcess)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    sessions.set(hProcess, { searchPath: searchPath ?? DEFAULT_SEARCH_PATH, knowsModules: invades });
    return true;
  },
  SymCleanup(thread, hProcess) {
    sessionOf(thread, hProcess);
    return helpOf(thread).sessions.delete(hProcess);
  },
  SymRefreshModuleList(thread, hProcess) {
    sessionOf(thread, hProcess).knowsModules = true;
    return true;
  },
  SymGetSearchPath(thread, hProcess, buffer, length) {
    const { searchPath } = sessionOf(thread, hProcess);
    if (buffer.write(searchPath, length).needed > length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return true;
  },
  SymSetSearchPath(thread, hProcess, searchPath) {
    sessionOf(thread, hProcess).searchPath = searchPath ?? DEFAULT_SEARCH_PATH;
    return true;
  },
  SymGetModuleBase64: (thread, hProcess, address) => moduleAt(thread, hProcess, address).base,
  *SymFunctionTableAccess64(thread, hProcess, address) {
    moduleAt(thread, hProcess, address);
    // Functions of x86 have no entries but of frames without a frame pointer, which only debug files describe.
    const entry = thread.pointerSize === 8 ? yield* findFunction(thread, address) : undefined;
    if (entry === undefined || entry.address === 0) throw new Win32Error(ERROR.INVALID_ADDRESS);
    return entry.address;
  },
  SymFromAddr: (thread, hProcess, address, displacement, symbol) => tellSymbol(thread, hProcess, address, displacement, symbol, "ansi"),
  SymFromAddrW: (thread, hProcess, address, displacement, symbol) => tellSymbol(thread, hProcess, address, displacement, symbol, "wide"),
  SymFromInlineContext: (thread, hProcess, address, _context, displacement, symbol) =>
    tellSymbol(thread, hProcess, address, displacement, symbol, "ansi"),
  SymFromInlineContextW: (thread, hProcess, address, _context, displacement, symbol) =>
    tellSymbol(thread, hProcess, address, displacement, symbol, "wide"),
  // Only debug files tell of functions that were put into others, and none is read.
  SymAddrIncludeInlineTrace: () => 0,
  SymGetLineFromAddr64: noLine,
  SymGetLineFromAddrW64: noLine,
  SymGetLineFromInlineContext: noLine,
  SymGetLineFromInlineContextW: noLine,
  EnumerateLoadedModules64: (thread, hProcess, callback, context) => enumerateModules(thread, hProcess, callback, context, "ansi"),
  EnumerateLoadedModulesW64: (thread, hProcess, callback, context) => enumerateModules(thread, hProcess, callback, context, "wide"),
});

function sessionOf(thread: Thread, hProcess: bigint): Session {
  const session = helpOf(thread).sessions.get(hProcess);
  if (session === undefined) throw new Win32Error(ERROR.INVALID_HANDLE);
  return session;
}

function moduleAt(thread: Thread, hProcess: bigint, address: number): Module {
  const { knowsModules } = sessionOf(thread, hProcess);
  const module = knowsModules ? thread.process.modules.at(address) : undefined;
  if (module === undefined) throw new Win32Error(ERROR.MOD_NOT_FOUND);
  return module;
}

/** The symbol before an address: an export, or one of the image's symbol table. A name that is too long is cut. */
function tellSymbol(
  thread: Thread,
  hProcess: bigint,
  address: number,
  displacement: Out<number> | undefined,
  target: number,
  form: "ansi" | "wide",
): boolean {
  const { memory, process } = thread;
  if (target === 0 || memory.u32(target + SYMBOL_INFO.SizeOfStruct) !== SYMBOL_INFO.size) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const { base } = moduleAt(thread, hProcess, address);
  const { symbol, symbolOffset = 0 } = describePlace(process, address);
  if (symbol === undefined) throw new Win32Error(ERROR.INVALID_ADDRESS);
  const capacity = memory.u32(target + SYMBOL_INFO.MaxNameLen);
  memory.fill(target + SYMBOL_INFO.TypeIndex, 0, ANSWERED);
  memory.setU32(target + SYMBOL_INFO.ModBase, base);
  memory.setU32(target + SYMBOL_INFO.Address, address - symbolOffset);
  const unit = form === "wide" ? 2 : 1;
  const name = encodeText(thread, symbol, form);
  memory.setU32(target + SYMBOL_INFO.NameLen, name.length / unit);
  if (capacity > 0) {
    const kept = name.subarray(0, unit * (capacity - 1));
    memory.write(target + SYMBOL_INFO.Name, kept);
    memory.fill(target + SYMBOL_INFO.Name + kept.length, 0, unit);
  }
  displacement?.set(symbolOffset);
  return true;
}

/** Lines of source are in debug files (PDB), and none is read. */
function noLine(thread: Thread, hProcess: bigint, address: number): never {
  moduleAt(thread, hProcess, address);
  throw new Win32Error(ERROR.INVALID_ADDRESS);
}

/** Calls back with each module's path, base and size, until the callback says FALSE. */
function* enumerateModules(
  thread: Thread,
  hProcess: Handle,
  callback: number,
  context: number,
  form: "ansi" | "wide",
): GuestGenerator<boolean> {
  const { process, memory, pointerSize } = thread;
  process.handles.get(hProcess, ProcessObject);
  if (callback === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  for (const { path, base, size } of [...process.modules]) {
    const text = encodeText(thread, `${path}\0`, form);
    const name = process.heap.allocate(text.length);
    if (name === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
    try {
      memory.write(name, text);
      // The base has 64 bits: two words of x86's stack.
      const words = pointerSize === 8 ? [base] : [base, 0];
      if ((yield* guestCall(thread, callback, name, ...words, size, context)) === 0) break;
    } finally {
      process.heap.free(name);
    }
  }
  return true;
}
