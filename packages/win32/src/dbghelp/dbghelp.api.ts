import { api, BOOL, CALLBACK, DWORD, fn, HANDLE, infallible, OPAQUE, optional, orElse, out, PVOID, TBUF, textAs, TSTR, ULARGE_INTEGER, ULONG } from "@decant/hook"; // prettier-ignore

const ADDRESS = ULARGE_INTEGER;
/** SYMBOL_INFO and SYMBOL_INFOW: fields, then a name of as many characters as one of them says. */
const SYMBOL = ["Symbol", PVOID] as const;
const fromAddress = fn(BOOL, ["hProcess", OPAQUE], ["Address", ADDRESS], ["Displacement", optional(out(ADDRESS))], SYMBOL);
const fromInlineContext = fn(
  BOOL,
  ["hProcess", OPAQUE],
  ["Address", ADDRESS],
  ["InlineContext", ULONG],
  ["Displacement", optional(out(ADDRESS))],
  SYMBOL,
);
const line = fn(BOOL, ["hProcess", OPAQUE], ["qwAddr", ADDRESS], ["pdwDisplacement", PVOID], ["Line64", PVOID]);
const lineOfInlineContext = fn(
  BOOL,
  ["hProcess", OPAQUE],
  ["qwAddr", ADDRESS],
  ["InlineContext", ULONG],
  ["qwModuleBaseAddress", ADDRESS],
  ["pdwDisplacement", PVOID],
  ["Line64", PVOID],
);

/** Symbols of the process itself ("DbgHelp Functions"). A session is known by any value, though it be no handle. */
export const debugSymbolsApi = api("dbghelp", {
  SymGetOptions: fn(DWORD),
  SymSetOptions: fn(DWORD, ["SymOptions", DWORD]),
  SymInitialize: textAs("SymInitialize", "SymInitializeW", BOOL, ["hProcess", OPAQUE], ["UserSearchPath", TSTR], ["fInvadeProcess", BOOL]),
  SymCleanup: fn(BOOL, ["hProcess", OPAQUE]),
  SymRefreshModuleList: fn(BOOL, ["hProcess", OPAQUE]),
  SymGetSearchPath: textAs(
    "SymGetSearchPath",
    "SymGetSearchPathW",
    BOOL,
    ["hProcess", OPAQUE],
    ["SearchPath", TBUF],
    ["SearchPathLength", DWORD],
  ),
  SymSetSearchPath: textAs("SymSetSearchPath", "SymSetSearchPathW", BOOL, ["hProcess", OPAQUE], ["SearchPath", TSTR]),
  SymGetModuleBase64: fn(orElse(ADDRESS, 0), ["hProcess", OPAQUE], ["qwAddr", ADDRESS]),
  SymFunctionTableAccess64: fn(orElse(PVOID, 0), ["hProcess", OPAQUE], ["AddrBase", ADDRESS]),
  SymFromAddr: fromAddress,
  SymFromAddrW: fromAddress,
  SymFromInlineContext: fromInlineContext,
  SymFromInlineContextW: fromInlineContext,
  SymAddrIncludeInlineTrace: fn(infallible(DWORD), ["hProcess", OPAQUE], ["Address", ADDRESS]),
  SymGetLineFromAddr64: line,
  SymGetLineFromAddrW64: line,
  SymGetLineFromInlineContext: lineOfInlineContext,
  SymGetLineFromInlineContextW: lineOfInlineContext,
  EnumerateLoadedModules64: fn(BOOL, ["hProcess", HANDLE], ["EnumLoadedModulesCallback", CALLBACK], ["UserContext", PVOID]),
  EnumerateLoadedModulesW64: fn(BOOL, ["hProcess", HANDLE], ["EnumLoadedModulesCallback", CALLBACK], ["UserContext", PVOID]),
});

const WALK = [
  ["MachineType", DWORD],
  ["hProcess", HANDLE],
  ["hThread", HANDLE],
  ["StackFrame", PVOID],
  ["ContextRecord", PVOID],
  ["ReadMemoryRoutine", PVOID],
  ["FunctionTableAccessRoutine", PVOID],
  ["GetModuleBaseRoutine", PVOID],
  ["TranslateAddress", PVOID],
] as const;

/** Walks over stacks ("StackWalk64 function"). The process is our own, so that no routine of the caller's need be asked. */
export const stackWalkApi = api("dbghelp", {
  StackWalk64: fn(BOOL, ...WALK),
  StackWalkEx: fn(BOOL, ...WALK, ["Flags", DWORD]),
});
