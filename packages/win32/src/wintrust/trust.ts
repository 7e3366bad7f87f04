import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { trustApi } from "./trust.api.ts";

const TRUST_E_PROVIDER_UNKNOWN = 0x800b_0001 | 0;

export const trust = implement(trustApi, {
  WinVerifyTrust: () => TRUST_E_PROVIDER_UNKNOWN,
  WinVerifyTrustEx: () => TRUST_E_PROVIDER_UNKNOWN,
  CryptCATAdminAcquireContext: noCatalogs,
  CryptCATAdminAcquireContext2: noCatalogs,
});

function noCatalogs(): never {
  throw new Win32Error(ERROR.NOT_SUPPORTED);
}
