import { api, BOOL, fn, HRESULT, inout, INT, infallible, LPCWCH, optional, out, PVOID, UINT } from "@decant/hook";

/** Strings of the Windows Runtime ("HSTRING", winstring.h), and the classes that it would find: none. */
export const runtimeStringsApi = api("combase", {
  WindowsCreateString: fn(HRESULT, ["sourceString", LPCWCH], ["length", UINT], ["string", optional(out(PVOID))]),
  WindowsCreateStringReference: fn(
    HRESULT,
    ["sourceString", LPCWCH],
    ["length", UINT],
    ["hstringHeader", PVOID],
    ["string", optional(out(PVOID))],
  ),
  WindowsDeleteString: fn(HRESULT, ["string", PVOID]),
  WindowsDuplicateString: fn(HRESULT, ["string", PVOID], ["newString", optional(out(PVOID))]),
  WindowsGetStringLen: fn(infallible(UINT), ["string", PVOID]),
  WindowsGetStringRawBuffer: fn(infallible(PVOID), ["string", PVOID], ["length", optional(out(UINT))]),
  WindowsIsStringEmpty: fn(infallible(BOOL), ["string", PVOID]),
  WindowsStringHasEmbeddedNull: fn(HRESULT, ["string", PVOID], ["hasEmbedNull", optional(out(BOOL))]),
  WindowsCompareStringOrdinal: fn(HRESULT, ["string1", PVOID], ["string2", PVOID], ["result", optional(out(INT))]),
  WindowsConcatString: fn(HRESULT, ["string1", PVOID], ["string2", PVOID], ["newString", optional(out(PVOID))]),
  WindowsSubstring: fn(HRESULT, ["string", PVOID], ["startIndex", UINT], ["newString", optional(out(PVOID))]),
  WindowsSubstringWithSpecifiedLength: fn(
    HRESULT,
    ["string", PVOID],
    ["startIndex", UINT],
    ["length", UINT],
    ["newString", optional(out(PVOID))],
  ),
  RoGetActivationFactory: fn(HRESULT, ["activatableClassId", PVOID], ["iid", PVOID], ["factory", optional(inout(PVOID))]),
  RoActivateInstance: fn(HRESULT, ["activatableClassId", PVOID], ["instance", optional(out(PVOID))]),
});
