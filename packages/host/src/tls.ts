/** How a client of TLS begins. */
export interface TlsSettings {
  /** Whom the server's certificate must name, and what it is told (SNI); undefined where any name will do. An address is only compared. */
  readonly serverName: string | undefined;
  /** Protocols offered by ALPN, the best first; none leaves the extension out. */
  readonly applicationProtocols: readonly string[];
  readonly oldest: TlsVersion;
  readonly newest: TlsVersion;
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What came of something that a connection was given. */
export interface TlsStep {
  /** Whole records for the server. */
  readonly output: Uint8Array;
  /** What the server said, in clear. */
  readonly plaintext: Uint8Array;
  /** "ended": the server says no more (close_notify). */
  readonly phase: "handshake" | "open" | "ended" | "failed";
  /** Why it failed: a code of OpenSSL ("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"). */
  readonly failure: string | undefined;
}

/** What was agreed on. */
export interface TlsSession {
  readonly version: string;
  /** The suite's name in IANA's registry: "TLS_AES_256_GCM_SHA384". */
  readonly cipherSuite: string;
  /** Of the keys that were exchanged for it. */
  readonly keyExchange: { readonly name: string; readonly bits: number };
  readonly applicationProtocol: string | undefined;
  /** The server's certificate, and those above it that it sent or that are trusted; DER. */
  readonly certificates: readonly Uint8Array[];
  /** Why the certificate will not do: a code of OpenSSL ("CERT_HAS_EXPIRED"), or ERR_TLS_CERT_ALTNAME_INVALID. Undefined for one that will. */
  readonly distrust: string | undefined;
}

/** The client's end of TLS without a connection: who has one carries the bytes. Each call resolves when nothing more comes of it; one at a time. */
export interface TlsClient {
  /** Resolves with the first message. */
  start(): Promise<TlsStep>;
  /** Takes one record, whole. */
  receive(record: Uint8Array): Promise<TlsStep>;
  /** Encrypts up to 16,384 bytes, as one record. */
  send(plaintext: Uint8Array): Promise<TlsStep>;
  /** Says that nothing more will be said. */
  end(): Promise<TlsStep>;
  /** Once it is open. */
  session(): TlsSession;
  dispose(): void;
}

/** TLS 1.2 and 1.3. Which certificates are trusted is the host's matter; renegotiation is refused. */
export interface HostTls {
  client(settings: TlsSettings): TlsClient;
}
