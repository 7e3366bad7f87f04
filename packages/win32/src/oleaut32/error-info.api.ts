import { api, fn, HRESULT, ordinal, out, PVOID, ULONG } from "@decant/hook";

/** The error object of a thread ("Error Handling Interfaces", oleauto.h); programs import these by ordinal. */
export const errorInfoApi = api("oleaut32", {
  GetErrorInfo: ordinal(200, fn(HRESULT, ["dwReserved", ULONG], ["pperrinfo", out(PVOID)])),
  SetErrorInfo: ordinal(201, fn(HRESULT, ["dwReserved", ULONG], ["perrinfo", PVOID])),
});
