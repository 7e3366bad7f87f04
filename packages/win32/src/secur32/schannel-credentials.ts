import type { TlsVersion } from "@decant/host";
import { DWORD, PVOID, struct } from "@decant/hook";
import type { Thread } from "@decant/process";
import { refuse } from "./security-codes.ts";

const SCHANNEL_CRED_VERSION = 4;
const SCH_CREDENTIALS_VERSION = 5;
/** SCH_CRED_MANUAL_CRED_VALIDATION, SCH_CRED_NO_SERVERNAME_CHECK. */
const FLAG = { MANUAL_VALIDATION: 8, NO_SERVER_NAME_CHECK: 4 } as const;
/** SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_3_CLIENT. */
export const PROTOCOL = { TLS1_2: 0x800, TLS1_3: 0x2000 } as const;

const SCHANNEL_CRED = struct("SCHANNEL_CRED", {
  dwVersion: DWORD,
  cCreds: DWORD,
  paCred: PVOID,
  hRootStore: PVOID,
  cMappers: DWORD,
  aphMappers: PVOID,
  cSupportedAlgs: DWORD,
  palgSupportedAlgs: PVOID,
  grbitEnabledProtocols: DWORD,
  dwMinimumCipherStrength: DWORD,
  dwMaximumCipherStrength: DWORD,
  dwSessionLifespan: DWORD,
  dwFlags: DWORD,
  dwCredFormat: DWORD,
});
const SCH_CREDENTIALS = struct("SCH_CREDENTIALS", {
  dwVersion: DWORD,
  dwCredFormat: DWORD,
  cCreds: DWORD,
  paCred: PVOID,
  hRootStore: PVOID,
  cMappers: DWORD,
  aphMappers: PVOID,
  dwSessionLifespan: DWORD,
  dwFlags: DWORD,
  cTlsParameters: DWORD,
  pTlsParameters: PVOID,
});
const TLS_PARAMETERS = struct("TLS_PARAMETERS", {
  cAlpnIds: DWORD,
  rgstrAlpnIds: PVOID,
  grbitDisabledProtocols: DWORD,
  cDisabledCrypto: DWORD,
  pDisabledCrypto: PVOID,
  dwFlags: DWORD,
});

/** What a client asked for, of all connections with these credentials. */
export interface Credentials {
  /** SP_PROT_*_CLIENT. */
  readonly protocols: number;
  readonly checksCertificate: boolean;
  readonly checksName: boolean;
}

const DEFAULTS: Credentials = { protocols: PROTOCOL.TLS1_2, checksCertificate: true, checksName: true };

/**
 * Credentials of a SCHANNEL_CRED, a SCH_CREDENTIALS or NULL. TLS 1.3 is there for the second, and for the first where it says so; protocols before TLS 1.2 are off, as in Windows today.
 * Fails with SEC_E_UNKNOWN_CREDENTIALS for another version, SEC_E_NO_CREDENTIALS for a client's certificate: there are no private keys for them.
 */
export function readCredentials(thread: Thread, address: number): Credentials {
  if (address === 0) return DEFAULTS;
  const version = thread.memory.u32(address);
  if (version === SCHANNEL_CRED_VERSION) {
    const { cCreds, grbitEnabledProtocols, dwFlags } = SCHANNEL_CRED.load(thread, address);
    return made(cCreds, grbitEnabledProtocols === 0 ? PROTOCOL.TLS1_2 : grbitEnabledProtocols, dwFlags);
  }
  if (version !== SCH_CREDENTIALS_VERSION) refuse("E_UNKNOWN_CREDENTIALS");
  const { cCreds, dwFlags, cTlsParameters, pTlsParameters } = SCH_CREDENTIALS.load(thread, address);
  const disabled = cTlsParameters === 0 ? 0 : TLS_PARAMETERS.load(thread, pTlsParameters).grbitDisabledProtocols;
  return made(cCreds, (PROTOCOL.TLS1_2 | PROTOCOL.TLS1_3) & ~disabled, dwFlags);
}

function made(certificates: number, protocols: number, flags: number): Credentials {
  if (certificates > 0) refuse("E_NO_CREDENTIALS");
  const checksCertificate = (flags & FLAG.MANUAL_VALIDATION) === 0;
  return { protocols, checksCertificate, checksName: checksCertificate && (flags & FLAG.NO_SERVER_NAME_CHECK) === 0 };
}

/** The oldest and newest version that are enabled. Fails with SEC_E_ALGORITHM_MISMATCH where there is none. */
export function versionsOf({ protocols }: Credentials): { oldest: TlsVersion; newest: TlsVersion } {
  const versions: TlsVersion[] = [];
  if ((protocols & PROTOCOL.TLS1_2) !== 0) versions.push("TLSv1.2");
  if ((protocols & PROTOCOL.TLS1_3) !== 0) versions.push("TLSv1.3");
  const [oldest] = versions;
  if (oldest === undefined) refuse("E_ALGORITHM_MISMATCH");
  return { oldest, newest: versions.at(-1)! };
}
