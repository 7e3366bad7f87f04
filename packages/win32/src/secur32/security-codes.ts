import { HresultError } from "@decant/hook";

/** SECURITY_STATUS (winerror.h): what SSPI's functions succeed and fail with. */
export const SEC = {
  E_OK: 0,
  I_CONTINUE_NEEDED: 0x0009_0312,
  I_CONTEXT_EXPIRED: 0x0009_0317,
  I_RENEGOTIATE: 0x0009_0321,
  E_INVALID_HANDLE: 0x8009_0301,
  E_UNSUPPORTED_FUNCTION: 0x8009_0302,
  E_INTERNAL_ERROR: 0x8009_0304,
  E_SECPKG_NOT_FOUND: 0x8009_0305,
  E_INVALID_TOKEN: 0x8009_0308,
  E_UNKNOWN_CREDENTIALS: 0x8009_030d,
  E_NO_CREDENTIALS: 0x8009_030e,
  E_MESSAGE_ALTERED: 0x8009_030f,
  E_CONTEXT_EXPIRED: 0x8009_0317,
  E_INCOMPLETE_MESSAGE: 0x8009_0318,
  E_BUFFER_TOO_SMALL: 0x8009_0321,
  E_WRONG_PRINCIPAL: 0x8009_0322,
  E_UNTRUSTED_ROOT: 0x8009_0325,
  E_ILLEGAL_MESSAGE: 0x8009_0326,
  E_CERT_UNKNOWN: 0x8009_0327,
  E_CERT_EXPIRED: 0x8009_0328,
  E_ENCRYPT_FAILURE: 0x8009_0329,
  E_DECRYPT_FAILURE: 0x8009_0330,
  E_ALGORITHM_MISMATCH: 0x8009_0331,
} as const;

/** Fails with one of SEC's codes. */
export function refuse(code: keyof typeof SEC): never {
  throw new HresultError(SEC[code]);
}

/** What a certificate that will not do is to a client that has certificates checked ("Manually Validating Schannel Credentials"), by OpenSSL's code. */
export function distrustStatus(code: string): number {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return SEC.E_WRONG_PRINCIPAL;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return SEC.E_CERT_EXPIRED;
  return /SELF_SIGNED|UNABLE_TO|UNTRUSTED/.test(code) ? SEC.E_UNTRUSTED_ROOT : SEC.E_CERT_UNKNOWN;
}

/** What alerts of the server's and errors of the protocol are, by OpenSSL's code ("Schannel Error Codes for TLS and SSL Alerts"). */
export function failureStatus(code: string): number {
  if (/ALERT_(UNKNOWN_CA)/.test(code)) return SEC.E_UNTRUSTED_ROOT;
  if (/ALERT_(CERTIFICATE_EXPIRED)/.test(code)) return SEC.E_CERT_EXPIRED;
  if (/ALERT_(BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_REVOKED|UNSUPPORTED_CERTIFICATE)/.test(code)) return SEC.E_CERT_UNKNOWN;
  if (/ALERT_(PROTOCOL_VERSION)/.test(code)) return SEC.E_UNSUPPORTED_FUNCTION;
  if (/ALERT_(BAD_RECORD_MAC)|BAD_DECRYPT|BAD_RECORD_MAC|DECRYPTION_FAILED|CIPHER_OPERATION_FAILED/.test(code))
    return SEC.E_MESSAGE_ALTERED;
  if (/ALERT_(DECRYPT_ERROR)/.test(code)) return SEC.E_DECRYPT_FAILURE;
  if (/UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|NO_SHARED_CIPHER|WRONG_CIPHER_RETURNED/.test(code)) return SEC.E_ALGORITHM_MISMATCH;
  return /ALERT/.test(code) ? SEC.E_ILLEGAL_MESSAGE : SEC.E_INVALID_TOKEN;
}
