import type { CertificateFault } from "@decant/host";

/** SECURITY_FLAG_IGNORE_*, which WinHTTP and WinINet have in common: …UNKNOWN_CA, …CERT_WRONG_USAGE, …CERT_CN_INVALID, …CERT_DATE_INVALID. */
const IGNORED: readonly (readonly [flag: number, fault: CertificateFault])[] = [
  [0x100, "authority"],
  [0x200, "usage"],
  [0x1000, "name"],
  [0x2000, "date"],
];
/** All of them. */
export const IGNORE_FLAGS = 0x3300;

/** What of a certificate may be wrong. */
export function acceptedFaults(securityFlags: number): CertificateFault[] {
  return IGNORED.filter(([flag]) => (securityFlags & flag) !== 0).map(([, fault]) => fault);
}
