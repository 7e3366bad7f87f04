import { api, fn, HRESULT, infallible, ordinal, PVOID, UINT, VOID } from "@decant/hook";

const BSTR = infallible(PVOID);

/** Automation's strings and variants ("Automation", "BSTR"); programs import them by ordinal. */
export const automationApi = api("oleaut32", {
  SysAllocString: ordinal(2, fn(BSTR, ["psz", PVOID])),
  SysReAllocString: ordinal(3, fn(infallible(UINT), ["pbstr", PVOID], ["psz", PVOID])),
  SysAllocStringLen: ordinal(4, fn(BSTR, ["strIn", PVOID], ["ui", UINT])),
  SysFreeString: ordinal(6, fn(VOID, ["bstrString", PVOID])),
  SysStringLen: ordinal(7, fn(infallible(UINT), ["pbstr", PVOID])),
  VariantInit: ordinal(8, fn(VOID, ["pvarg", PVOID])),
  VariantClear: ordinal(9, fn(HRESULT, ["pvarg", PVOID])),
  VariantCopy: ordinal(10, fn(HRESULT, ["pvargDest", PVOID], ["pvarSrc", PVOID])),
  SysStringByteLen: ordinal(149, fn(infallible(UINT), ["bstr", PVOID])),
  SysAllocStringByteLen: ordinal(150, fn(BSTR, ["psz", PVOID], ["len", UINT])),
});
