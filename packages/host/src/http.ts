/** One exchange of HTTP: redirects are not followed, and nothing is kept. */
export interface HttpRequest {
  readonly method: string;
  /** By TLS. */
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Path and query, as they go into the request's first line. */
  readonly target: string;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array;
  /** Who is asked in the host's place. */
  readonly proxy?: { readonly host: string; readonly port: number } | undefined;
  /** What may be wrong with the server's certificate. */
  readonly acceptedFaults: readonly CertificateFault[];
  /** How long nothing may happen; for ever when 0. */
  readonly timeoutMs: number;
}

/** Nobody trusted has signed it; it is another's; it is not valid yet or no longer; it is not for servers. */
export type CertificateFault = "authority" | "name" | "date" | "usage";

/** A header's name, with the case that it has, and its value. */
export type HttpHeader = readonly [name: string, value: string];

/** What a server answered. */
export interface HttpResponse {
  /** "1.1" */
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** In their order, one for each line. */
  readonly headers: readonly HttpHeader[];
  /** The next bytes of the body, none at its end. */
  read(): Promise<Uint8Array>;
  /** Nothing more is wanted. */
  close(): void;
}

/** Asks servers. */
export interface HostHttp {
  /**
   * Resolves with the answer's head. Fails with the codes of HostNetwork, ETIMEDOUT, codes of OpenSSL for certificates (CERT_HAS_EXPIRED), HPE_… for what is no HTTP, and
   * ERR_… for a request that cannot be sent.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}
