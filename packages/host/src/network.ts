/** One end of a connection, or of datagrams: an IP address as text ("127.0.0.1", "::1") and a port. */
export interface NetAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** What a connection tells. Nothing is told before `start` has returned. */
export interface ConnectionListener {
  onData(bytes: Uint8Array): void;
  /** The peer will write no more. */
  onEnd(): void;
  /** The connection is gone: ECONNRESET, ETIMEDOUT … */
  onError(error: Error): void;
  /** There is room again, after a `write` that returned false. */
  onDrain(): void;
}

/** A TCP connection. */
export interface HostConnection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  /** Begins to tell what arrives, once. */
  start(listener: ConnectionListener): void;
  /** Takes all bytes, which are then its own; false where it is time to wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** Nothing more will be written: the peer hears so, after what was. */
  end(): void;
  /** Whether to go on telling what arrives; what is not told holds the peer up in the end. */
  setReading(isReading: boolean): void;
  /** Options of TCP. */
  configure(options: { noDelay?: boolean; keepAlive?: boolean }): void;
  /** Nothing more is read; what was written still arrives. */
  close(): void;
  /** Gone at once: the peer sees ECONNRESET. */
  reset(): void;
}

/** A port that takes connections. */
export interface HostListener {
  readonly local: NetAddress;
  close(): void;
}

/** A UDP port. */
export interface HostDatagrams {
  readonly local: NetAddress;
  send(bytes: Uint8Array, to: NetAddress): void;
  setBroadcast(isAllowed: boolean): void;
  close(): void;
}

/** The network, as far as a guest may reach it. Failures are errors with POSIX codes (HostError, or Node's own). */
export interface HostNetwork {
  /** Takes a TCP port (0: any that is free). Fails with EADDRINUSE, EADDRNOTAVAIL, EACCES. */
  listen(at: NetAddress, onConnection: (connection: HostConnection) => void): Promise<HostListener>;
  /** Fails with ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EACCES. */
  connect(to: NetAddress, from?: NetAddress): Promise<HostConnection>;
  /** Takes a UDP port. */
  datagrams(at: NetAddress, onMessage: (bytes: Uint8Array, from: NetAddress) => void): Promise<HostDatagrams>;
  /** Addresses of a name, without ports. Fails with ENOTFOUND, EAI_AGAIN. */
  lookUp(name: string, family: 0 | 4 | 6): Promise<readonly Omit<NetAddress, "port">[]>;
  /** The name of an address. Fails with ENOTFOUND. */
  nameOf(address: string): Promise<string>;
}

/** True of an address of this machine's own, by which nobody else can be reached. */
export function isLoopback({ family, address }: Omit<NetAddress, "port">): boolean {
  return family === 4 ? address.startsWith("127.") : address === "::1";
}

/** True of the address that stands for all of this machine's. */
export function isWildcard({ address }: Omit<NetAddress, "port">): boolean {
  return address === "0.0.0.0" || address === "::";
}
