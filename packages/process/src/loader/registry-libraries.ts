import { Binding, singleByteCodec } from "@decant/hook";
import type { BoundFunction, CallingThread, DllExport, Hooks, PointerSize, Registry } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { Intrinsic } from "@decant/x86";
import type { GuestGenerator } from "../waits/suspension.ts";
import type { ApiEntry, Library, LibraryExport, LibrarySource } from "./library.ts";

/** File names that Windows spells in capitals. */
const CAPITALS = new Set(["kernel32", "user32", "advapi32", "shell32", "ws2_32", "ole32", "oleaut32", "gdi32", "version", "winmm"]);
/** Functions whose common case the processor answers by itself. */
const INTRINSICS: ReadonlySet<string> = new Set<Intrinsic>([
  "memcpy",
  "memmove",
  "memset",
  "memcmp",
  "memchr",
  "strcmp",
  "strncmp",
  "strchr",
  "strcpy",
  "strlen",
  "wcslen",
  "TlsGetValue",
  "GetLastError",
  "SetLastError",
  "EnterCriticalSection",
  "LeaveCriticalSection",
]);

/** A registry's DLLs, bound for one process. */
export interface RegistryLibraries extends LibrarySource {
  readonly binding: Binding;
  /** What the processor may do itself for a function: nothing while it is hooked. */
  intrinsicOf(bound: BoundFunction): Intrinsic | undefined;
}

/** The built-in DLLs of a registry for one process, seen through a user's hooks. */
export function registryLibraries(registry: Registry, pointerSize: PointerSize, hooks?: Hooks): RegistryLibraries {
  const binding = new Binding(registry, pointerSize, hooks);
  return {
    binding,
    intrinsicOf,
    find(key) {
      const dll = registry.resolveDll(key);
      return dll === undefined ? undefined : makeLibrary(dll, registry.exports(dll, pointerSize), binding, pointerSize);
    },
    image: (key) => registry.image(key, pointerSize),
    missing(key, name) {
      const bound = binding.unknown(key, name);
      if (!bound.isCallable && bound.function.parameters.length === 0) return undefined;
      return { entry: entryOf(bound), isSupplied: binding.isSupplied(key, name) };
    },
  };
}

function makeLibrary(dll: string, exports: readonly DllExport[], binding: Binding, pointerSize: PointerSize): Library {
  const indices = new Map<unknown, number>();
  const list = exports.map(({ name, ordinal, target }, index): LibraryExport => {
    const earlier = indices.get(target);
    if (earlier !== undefined) return { name, ordinal, kind: "alias", of: earlier };
    indices.set(target, index);
    if (target.kind === "function") {
      const bound = binding.bind(target.function);
      return { name, ordinal, kind: "function", entry: entryOf(bound), bound, intrinsic: intrinsicOf(bound) };
    }
    if (target.kind === "forward") return { name, ordinal, kind: "forward", to: target.target };
    const { type, initial } = target;
    return {
      name,
      ordinal,
      kind: "data",
      size: type.size(pointerSize),
      initialise: (memory, address) => {
        if (initial !== undefined) type.store(loadingThread(memory), address, initial);
      },
    };
  });
  return { name: CAPITALS.has(dll) ? `${dll.toUpperCase()}.DLL` : `${dll}.dll`, exports: list };
}

function intrinsicOf(bound: BoundFunction): Intrinsic | undefined {
  const { name } = bound.function;
  return INTRINSICS.has(name) && !bound.isHooked ? (name as Intrinsic) : undefined;
}

/** Hot path: every API call runs the closure that this makes. */
export function entryOf(bound: BoundFunction): ApiEntry {
  return (thread) => {
    const waiting = bound.invoke(thread);
    if (waiting === undefined) return thread.returnFromCall(bound.popBytes);
    return thread.run(waiting as GuestGenerator<void>, () => thread.returnFromCall(bound.popBytes));
  };
}

/** Variables are stored before any thread is there. */
function loadingThread(memory: GuestMemory): CallingThread {
  return {
    memory,
    registers: new Uint32Array(0),
    pointerSize: memory.pointerSize,
    ansi: singleByteCodec("windows-1252"),
    lastError: 0,
    errno: 0,
  };
}
