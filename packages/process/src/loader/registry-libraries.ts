import { Binding, singleByteCodec } from "@decant/hook";
import type { ApiFunction, BoundFunction, CallingThread, DllExport, Hooks, PointerSize, Registry } from "@decant/hook";
import type { GuestMemory } from "@decant/memory";
import type { Intrinsic } from "@decant/x86";
import type { GuestGenerator } from "../waits/suspension.ts";
import type { ApiEntry, Library, LibraryExport, LibraryFunction, LibrarySource } from "./library.ts";

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

/** The built-in DLLs of a registry for one process, seen through a user's hooks. */
export function registryLibraries(registry: Registry, pointerSize: PointerSize, hooks?: Hooks): LibrarySource & { close(): void } {
  const binding = new Binding(registry, pointerSize, hooks);
  return {
    find(key) {
      const dll = registry.resolveDll(key);
      if (dll === undefined) return undefined;
      const made = registry.made(dll, pointerSize);
      if (made === undefined) return makeLibrary(dll, registry.exports(dll, pointerSize), binding, pointerSize);
      const functionAt = (stub: number): LibraryFunction => libraryFunction(made.nameAt(stub), binding, () => made.functionAt(stub));
      return { ...made, name: fileName(dll), functionAt };
    },
    image: (key) => registry.image(key, pointerSize),
    missing(key, name) {
      const bound = binding.unknown(key, name);
      return bound.isCallable || bound.function.parameters.length > 0 ? entryOf(bound) : undefined;
    },
    isSupplied: (key, name) => binding.isSupplied(key, name),
    /** Stops following the hooks. */
    close: () => binding.close(),
  };
}

function makeLibrary(dll: string, exports: readonly DllExport[], binding: Binding, pointerSize: PointerSize): Library {
  const indices = new Map<unknown, number>();
  const list = exports.map(({ name, ordinal, target }, index): LibraryExport => {
    const earlier = indices.get(target);
    if (earlier !== undefined) return { name, ordinal, kind: "alias", of: earlier };
    indices.set(target, index);
    if (target.kind === "function")
      return { name, ordinal, kind: "function", function: libraryFunction(name, binding, () => target.function) };
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
  return { name: fileName(dll), exports: list };
}

function fileName(dll: string): string {
  return CAPITALS.has(dll) ? `${dll.toUpperCase()}.DLL` : `${dll}.dll`;
}

function libraryFunction(name: string, binding: Binding, find: () => ApiFunction): LibraryFunction {
  return {
    get entry() {
      return entryOf(binding.bind(find()));
    },
    get isHooked() {
      return binding.hooks?.isEmpty === false && binding.hooks.matches(find());
    },
    intrinsic: INTRINSICS.has(name) ? (name as Intrinsic) : undefined,
  };
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
