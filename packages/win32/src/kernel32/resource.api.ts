import { api, BOOL, CALLBACK, DWORD, fn, HANDLE, HGLOBAL, HMODULE, HRSRC, LONG_PTR, orElse, PVOID, TSTR, text, WORD } from "@decant/hook";

/** Resources of modules, and their change in files ("Resource Functions"). Types and names are texts, or numbers below 0x10000. */
export const resourceApi = api("kernel32", {
  FindResourceA: fn(HRSRC, ["hModule", HMODULE], ["lpName", PVOID], ["lpType", PVOID]),
  FindResourceW: fn(HRSRC, ["hModule", HMODULE], ["lpName", PVOID], ["lpType", PVOID]),
  FindResourceExA: fn(HRSRC, ["hModule", HMODULE], ["lpType", PVOID], ["lpName", PVOID], ["wLanguage", WORD]),
  FindResourceExW: fn(HRSRC, ["hModule", HMODULE], ["lpType", PVOID], ["lpName", PVOID], ["wLanguage", WORD]),
  LoadResource: fn(HGLOBAL, ["hModule", HMODULE], ["hResInfo", HRSRC]),
  LockResource: fn(PVOID, ["hResData", HGLOBAL]),
  SizeofResource: fn(orElse(DWORD, 0), ["hModule", HMODULE], ["hResInfo", HRSRC]),
  FreeResource: fn(BOOL, ["hResData", HGLOBAL]),
  EnumResourceTypesA: fn(BOOL, ["hModule", HMODULE], ["lpEnumFunc", CALLBACK], ["lParam", LONG_PTR]),
  EnumResourceTypesW: fn(BOOL, ["hModule", HMODULE], ["lpEnumFunc", CALLBACK], ["lParam", LONG_PTR]),
  EnumResourceNamesA: fn(BOOL, ["hModule", HMODULE], ["lpType", PVOID], ["lpEnumFunc", CALLBACK], ["lParam", LONG_PTR]),
  EnumResourceNamesW: fn(BOOL, ["hModule", HMODULE], ["lpType", PVOID], ["lpEnumFunc", CALLBACK], ["lParam", LONG_PTR]),
  EnumResourceLanguagesA: fn(
    BOOL,
    ["hModule", HMODULE],
    ["lpType", PVOID],
    ["lpName", PVOID],
    ["lpEnumFunc", CALLBACK],
    ["lParam", LONG_PTR],
  ),
  EnumResourceLanguagesW: fn(
    BOOL,
    ["hModule", HMODULE],
    ["lpType", PVOID],
    ["lpName", PVOID],
    ["lpEnumFunc", CALLBACK],
    ["lParam", LONG_PTR],
  ),
});

/** The change of resources in files. */
export const updateResourceApi = api("kernel32", {
  BeginUpdateResource: text(orElse(HANDLE, 0 as never), ["pFileName", TSTR], ["bDeleteExistingResources", BOOL]),
  UpdateResourceA: fn(
    BOOL,
    ["hUpdate", HANDLE],
    ["lpType", PVOID],
    ["lpName", PVOID],
    ["wLanguage", WORD],
    ["lpData", PVOID],
    ["cb", DWORD],
  ),
  UpdateResourceW: fn(
    BOOL,
    ["hUpdate", HANDLE],
    ["lpType", PVOID],
    ["lpName", PVOID],
    ["wLanguage", WORD],
    ["lpData", PVOID],
    ["cb", DWORD],
  ),
  EndUpdateResource: text(BOOL, ["hUpdate", HANDLE], ["fDiscard", BOOL]),
});
