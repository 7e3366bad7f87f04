import type { TlsSession } from "@decant/host";
import { BYTE, byteBlock, DWORD, struct, ULONG } from "@decant/hook";
import type { Thread } from "@decant/process";
import { givenContext } from "../crypt32/stores.ts";
import { MAX_MESSAGE, recordSizes, type SchannelContext } from "./schannel-context.ts";
import { PROTOCOL } from "./schannel-credentials.ts";
import { refuse } from "./security-codes.ts";

/** SECPKG_ATTR_*, of contexts. */
export const ATTRIBUTE = {
  STREAM_SIZES: 4,
  PACKAGE_INFO: 10,
  APPLICATION_PROTOCOL: 35,
  REMOTE_CERT_CONTEXT: 0x53,
  CONNECTION_INFO: 0x5a,
  CIPHER_INFO: 100,
} as const;

/** ALG_ID of what a suite is made of (wincrypt.h). */
const CALG = {
  AES_128: 0x660e,
  AES_256: 0x6610,
  SHA1: 0x8004,
  SHA_256: 0x800c,
  SHA_384: 0x800d,
  RSA_KEYX: 0xa400,
  DH_EPHEM: 0xaa02,
  ECDH_EPHEM: 0xae06,
} as const;

/** SecPkgContext_*. */
const STREAM_SIZES = struct("SecPkgContext_StreamSizes", {
  cbHeader: ULONG,
  cbTrailer: ULONG,
  cbMaximumMessage: ULONG,
  cBuffers: ULONG,
  cbBlockSize: ULONG,
});
const CONNECTION_INFO = struct("SecPkgContext_ConnectionInfo", {
  dwProtocol: DWORD,
  aiCipher: DWORD,
  dwCipherStrength: DWORD,
  aiHash: DWORD,
  dwHashStrength: DWORD,
  aiExch: DWORD,
  dwExchStrength: DWORD,
});
const NAME_BYTES = 128;
const CIPHER_INFO = struct("SecPkgContext_CipherInfo", {
  dwVersion: DWORD,
  dwProtocol: DWORD,
  dwCipherSuite: DWORD,
  dwBaseCipherSuite: DWORD,
  szCipherSuite: byteBlock(NAME_BYTES),
  szCipher: byteBlock(NAME_BYTES),
  dwCipherLen: DWORD,
  dwCipherBlockLen: DWORD,
  szHash: byteBlock(NAME_BYTES),
  dwHashLen: DWORD,
  szExchange: byteBlock(NAME_BYTES),
  dwMinExchangeLen: DWORD,
  dwMaxExchangeLen: DWORD,
  szCertificate: byteBlock(NAME_BYTES),
  dwKeyType: DWORD,
});
const APPLICATION_PROTOCOL = struct("SecPkgContext_ApplicationProtocol", {
  ProtoNegoStatus: DWORD,
  ProtoNegoExt: DWORD,
  ProtocolIdSize: BYTE,
  ProtocolId: byteBlock(255),
});
const CIPHER_STRENGTHS = struct("SecPkgCred_CipherStrengths", { dwMinimumCipherStrength: DWORD, dwMaximumCipherStrength: DWORD });
const SUPPORTED_PROTOCOLS = struct("SecPkgCred_SupportedProtocols", { grbitProtocol: DWORD });
/** SECPKG_ATTR_*, of credentials. */
const OF_CREDENTIALS = { CIPHER_STRENGTHS: 87, SUPPORTED_PROTOCOLS: 88 } as const;
/** SecApplicationProtocolNegotiation…_Success and …Ext_ALPN. */
const [SUCCESS, ALPN] = [1, 2];

/** The suites' numbers ("TLS Cipher Suites", IANA). */
const SUITES: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_RSA_WITH_AES_128_CBC_SHA: 0x002f,
  TLS_RSA_WITH_AES_256_CBC_SHA: 0x0035,
  TLS_RSA_WITH_AES_128_GCM_SHA256: 0x009c,
  TLS_RSA_WITH_AES_256_GCM_SHA384: 0x009d,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: 0x009e,
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: 0x009f,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 0xc013,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 0xc014,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
};

/** QueryContextAttributes, but for what does not depend on the connection. Fails with SEC_E_UNSUPPORTED_FUNCTION for attributes that are not there. */
export function storeAttribute(thread: Thread, context: SchannelContext, attribute: number, at: number): void {
  const { session } = context;
  switch (attribute) {
    case ATTRIBUTE.STREAM_SIZES: {
      const { header, trailer, block } = recordSizes(session);
      STREAM_SIZES.store(thread, at, {
        cbHeader: header,
        cbTrailer: trailer,
        cbMaximumMessage: MAX_MESSAGE,
        cBuffers: 4,
        cbBlockSize: block,
      });
      return;
    }
    case ATTRIBUTE.CONNECTION_INFO:
      CONNECTION_INFO.store(thread, at, connectionInfo(session));
      return;
    case ATTRIBUTE.CIPHER_INFO:
      CIPHER_INFO.store(thread, at, cipherInfo(session));
      return;
    case ATTRIBUTE.APPLICATION_PROTOCOL: {
      const { applicationProtocol } = session;
      const id = new TextEncoder().encode(applicationProtocol ?? "");
      const isChosen = applicationProtocol !== undefined;
      const ProtocolId = new Uint8Array(255);
      ProtocolId.set(id);
      APPLICATION_PROTOCOL.store(thread, at, {
        ProtoNegoStatus: isChosen ? SUCCESS : 0,
        ProtoNegoExt: isChosen ? ALPN : 0,
        ProtocolIdSize: id.length,
        ProtocolId,
      });
      return;
    }
    case ATTRIBUTE.REMOTE_CERT_CONTEXT:
      thread.memory.setPointer(at, givenContext(thread, session.certificates));
      return;
    default:
      refuse("E_UNSUPPORTED_FUNCTION");
  }
}

/** QueryCredentialsAttributes. */
export function storeCredentialsAttribute(thread: Thread, protocols: number, attribute: number, at: number): void {
  if (attribute === OF_CREDENTIALS.SUPPORTED_PROTOCOLS)
    SUPPORTED_PROTOCOLS.store(thread, at, { grbitProtocol: protocols & (PROTOCOL.TLS1_2 | PROTOCOL.TLS1_3) });
  else if (attribute === OF_CREDENTIALS.CIPHER_STRENGTHS)
    CIPHER_STRENGTHS.store(thread, at, { dwMinimumCipherStrength: 128, dwMaximumCipherStrength: 256 });
  else refuse("E_UNSUPPORTED_FUNCTION");
}

/** What a suite is made of. Of ciphers that authenticate, no hash is told. */
function partsOf({ version, cipherSuite, keyExchange }: TlsSession) {
  const isWide = cipherSuite.includes("256_GCM") || cipherSuite.includes("256_CBC") || cipherSuite.includes("CHACHA20");
  const isChained = cipherSuite.includes("CBC");
  const [hash, hashBits] = !isChained
    ? [0, 0]
    : cipherSuite.endsWith("SHA384")
      ? [CALG.SHA_384, 384]
      : cipherSuite.endsWith("SHA256")
        ? [CALG.SHA_256, 256]
        : [CALG.SHA1, 160];
  const isEphemeral = version === "TLSv1.3" || cipherSuite.includes("ECDHE");
  const exchange = isEphemeral ? CALG.ECDH_EPHEM : cipherSuite.includes("DHE") ? CALG.DH_EPHEM : CALG.RSA_KEYX;
  return {
    protocol: version === "TLSv1.3" ? PROTOCOL.TLS1_3 : PROTOCOL.TLS1_2,
    cipher: cipherSuite.includes("CHACHA20") ? 0 : isWide ? CALG.AES_256 : CALG.AES_128,
    cipherBits: isWide ? 256 : 128,
    hash,
    hashBits,
    exchange,
    exchangeBits: keyExchange.bits,
  };
}

function connectionInfo(session: TlsSession) {
  const { protocol, cipher, cipherBits, hash, hashBits, exchange, exchangeBits } = partsOf(session);
  return {
    dwProtocol: protocol,
    aiCipher: cipher,
    dwCipherStrength: cipherBits,
    aiHash: hash,
    dwHashStrength: hashBits,
    aiExch: exchange,
    dwExchStrength: exchangeBits,
  };
}

function cipherInfo(session: TlsSession) {
  const { cipherBits, hashBits, exchangeBits } = partsOf(session);
  const { cipherSuite, version } = session;
  const suite = SUITES[cipherSuite] ?? 0;
  const [, certificate = ""] = /_(RSA|ECDSA)_WITH/.exec(cipherSuite) ?? [];
  return {
    dwVersion: 1,
    dwProtocol: version === "TLSv1.3" ? 0x304 : 0x303,
    dwCipherSuite: suite,
    dwBaseCipherSuite: suite,
    szCipherSuite: wide(cipherSuite),
    szCipher: wide(cipherSuite.includes("CHACHA20") ? "CHACHA20_POLY1305" : "AES"),
    dwCipherLen: cipherBits,
    dwCipherBlockLen: 16,
    szHash: wide(/SHA\d*$/.exec(cipherSuite)?.[0] ?? ""),
    dwHashLen: hashBits,
    szExchange: wide(/ECDHE|DHE/.exec(cipherSuite)?.[0] ?? (version === "TLSv1.3" ? "" : "RSA")),
    dwMinExchangeLen: exchangeBits,
    dwMaxExchangeLen: exchangeBits,
    szCertificate: wide(certificate),
    dwKeyType: 0,
  };
}

function wide(text: string): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set(new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer));
  return bytes;
}
