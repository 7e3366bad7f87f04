import { encodeText, ERROR, Win32Error } from "@decant/hook";
import type { ResourceId } from "@decant/pe";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { ModuleResources, readResourceId } from "../resources/module-resources.ts";
import { moduleAt } from "./modules.ts";
import { resourceApi } from "./resource.api.ts";

type Form = "ansi" | "wide";

/** Resources: an HRSRC is the address of the resource's entry in the module, an HGLOBAL that of its bytes. */
export const resource = implement(resourceApi, {
  FindResourceA: (thread, hModule, lpName, lpType) => find(thread, hModule, lpType, lpName, 0, "ansi"),
  FindResourceW: (thread, hModule, lpName, lpType) => find(thread, hModule, lpType, lpName, 0, "wide"),
  FindResourceExA: (thread, hModule, lpType, lpName, wLanguage) => find(thread, hModule, lpType, lpName, wLanguage, "ansi"),
  FindResourceExW: (thread, hModule, lpType, lpName, wLanguage) => find(thread, hModule, lpType, lpName, wLanguage, "wide"),
  LoadResource: (thread, hModule, hResInfo) => (hResInfo === 0 ? 0 : resourcesOf(thread, hModule).at(hResInfo).address),
  LockResource: (_thread, hResData) => hResData,
  SizeofResource: ({ memory }, _hModule, hResInfo) => (hResInfo === 0 ? 0 : memory.u32(hResInfo + 4)),
  // "This function exists only for compatibility with 16-bit Windows": FALSE says that nothing is left to free.
  FreeResource: () => false,
  EnumResourceTypesA: (thread, hModule, lpEnumFunc, lParam) => enumTypes(thread, hModule, lpEnumFunc, lParam, "ansi"),
  EnumResourceTypesW: (thread, hModule, lpEnumFunc, lParam) => enumTypes(thread, hModule, lpEnumFunc, lParam, "wide"),
  EnumResourceNamesA: (thread, hModule, lpType, lpEnumFunc, lParam) => enumNames(thread, hModule, lpType, lpEnumFunc, lParam, "ansi"),
  EnumResourceNamesW: (thread, hModule, lpType, lpEnumFunc, lParam) => enumNames(thread, hModule, lpType, lpEnumFunc, lParam, "wide"),
  EnumResourceLanguagesA: (thread, hModule, lpType, lpName, lpEnumFunc, lParam) =>
    enumLanguages(thread, hModule, [lpType, lpName], lpEnumFunc, lParam, "ansi"),
  EnumResourceLanguagesW: (thread, hModule, lpType, lpName, lpEnumFunc, lParam) =>
    enumLanguages(thread, hModule, [lpType, lpName], lpEnumFunc, lParam, "wide"),
});

/** The resources of a module handle; 0 is the program. An address that is no module's has no resources. */
export function resourcesOf(thread: Thread, hModule: number): ModuleResources {
  const { modules, memory } = thread.process;
  const module = hModule === 0 ? modules.program : findModule(thread, hModule);
  return new ModuleResources(memory, module);
}

function findModule(thread: Thread, hModule: number) {
  try {
    return moduleAt(thread, hModule);
  } catch (error) {
    if (error instanceof Win32Error) throw new Win32Error(ERROR.RESOURCE_DATA_NOT_FOUND);
    throw error;
  }
}

function find(thread: Thread, hModule: number, type: number, name: number, language: number, form: Form): number {
  const resources = resourcesOf(thread, hModule);
  return resources.find(readResourceId(thread, type, form), readResourceId(thread, name, form), language).entry;
}

function* enumTypes(thread: Thread, hModule: number, callback: number, parameter: bigint, form: Form): GuestGenerator<boolean> {
  const types = resourcesOf(thread, hModule).types();
  return yield* enumerate(thread, types, form, (type) => guestCall(thread, callback, hModule, type, parameter));
}

function* enumNames(
  thread: Thread,
  hModule: number,
  lpType: number,
  callback: number,
  parameter: bigint,
  form: Form,
): GuestGenerator<boolean> {
  const names = resourcesOf(thread, hModule).names(readResourceId(thread, lpType, form));
  return yield* enumerate(thread, names, form, (name) => guestCall(thread, callback, hModule, lpType, name, parameter));
}

function* enumLanguages(
  thread: Thread,
  hModule: number,
  [lpType, lpName]: readonly [type: number, name: number],
  callback: number,
  parameter: bigint,
  form: Form,
): GuestGenerator<boolean> {
  const ids = [lpType, lpName].map((value) => readResourceId(thread, value, form)) as [ResourceId, ResourceId];
  for (const language of resourcesOf(thread, hModule).languages(...ids))
    if ((yield* guestCall(thread, callback, hModule, lpType, lpName, language, parameter)) === 0) return false;
  return true;
}

/** Calls a function with each name until it returns FALSE; texts lie in guest memory for as long as the call. */
function* enumerate(
  thread: Thread,
  ids: readonly ResourceId[],
  form: Form,
  call: (id: number) => GuestGenerator<number>,
): GuestGenerator<boolean> {
  const { heap } = thread.process;
  for (const id of ids) {
    const text = typeof id === "string" ? encodeText(thread, `${id}\0`, form) : undefined;
    const address = text === undefined ? 0 : heap.allocate(text.length);
    if (text !== undefined) thread.memory.write(address, text);
    try {
      if ((yield* call(text === undefined ? (id as number) : address)) === 0) return false;
    } finally {
      if (text !== undefined) heap.free(address);
    }
  }
  return true;
}
