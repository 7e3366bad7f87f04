import type { HostCertificates } from "./certificates.ts";
import type { HostFile, HostFiles } from "./files.ts";
import type { HostHttp } from "./http.ts";
import type { HostKeys } from "./keys.ts";
import type { HostNetwork } from "./network.ts";
import type { HostPrograms } from "./programs.ts";
import type { HostTls } from "./tls.ts";

/** The time. */
export interface Clock {
  /** Milliseconds since 1970, with a fraction. */
  now(): number;
  /** Milliseconds since some moment before the start; never goes back. */
  monotonic(): number;
  /** Minutes that local time is ahead of UTC at a time in milliseconds since 1970. */
  offsetMinutes(atMs: number): number;
  /** The place in the tz database whose rules local time follows: "Europe/Berlin", "UTC". */
  readonly zone: string;
}

/** A standard stream to read. */
export interface HostInput {
  readonly isTerminal: boolean;
  /** "file" for what can be read at once, without waiting. */
  readonly kind: "terminal" | "pipe" | "file";
  /** Up to `maxBytes` bytes as they are; none at the end. A promise where there is nothing yet. */
  read(maxBytes: number): Uint8Array | Promise<Uint8Array>;
  /** Its descriptor, where a program of the host's can be given the stream itself. */
  readonly descriptor?: number | undefined;
  /** The regular file that it is, and where in it the stream stands; undefined for what is none. */
  readonly redirection?: Redirection | undefined;
  /** Bytes that are there already, without waiting. */
  readonly available: number;
  /** Of a terminal: keys come at once and are not shown, Ctrl-C among them; or a line at a time, edited and shown by the host. */
  setRaw?(raw: boolean): void;
  /** Ends pending reads; the host's event loop is no longer held open. */
  close(): void;
}

/** A standard stream that is a regular file. Accesses one after the other move the stream's own place, which others of the host's programs share. */
export interface Redirection {
  readonly file: HostFile;
  /** In bytes, from the beginning. */
  readonly position: number;
}

/** A standard stream to write. */
export interface HostOutput {
  readonly isTerminal: boolean;
  readonly kind: "terminal" | "pipe" | "file";
  /** Its descriptor, where a program of the host's can be given the stream itself. */
  readonly descriptor?: number | undefined;
  /** The regular file that it is, and where in it the stream stands; undefined for what is none. */
  readonly redirection?: Redirection | undefined;
  /** The terminal's size in characters; undefined where there is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Tells when the terminal's size changes; returns what ends it. */
  onResize?(listener: () => void): () => void;
  /** Writes all bytes before it returns. Fails with EPIPE when nobody reads any more. */
  write(bytes: Uint8Array): void;
}

/** The machine under the guest. */
export interface Host {
  /** The host's own files, or those of them that a guest may touch. */
  readonly files: HostFiles;
  /** The files of the virtual system drive: a tree that belongs to guests alone. */
  readonly systemDrive: HostFiles;
  /** What guests reach by sockets: each other at least. */
  readonly network: HostNetwork;
  /** Servers of HTTP, as far as the network reaches them; nobody when absent. */
  readonly http?: HostHttp;
  /** Programs that guests may start; none when absent. */
  readonly programs?: HostPrograms;
  /** Whom the host trusts; nobody when absent. */
  readonly certificates?: HostCertificates;
  /** TLS for the guest's own connections; none when absent. */
  readonly tls?: HostTls;
  /** Makes keys; none when absent. */
  readonly keys?: HostKeys;
  readonly stdin: HostInput;
  readonly stdout: HostOutput;
  readonly stderr: HostOutput;
  /** Where writes are only queued: what ends when the queues have room again, undefined while they have. Guests stand still meanwhile. */
  drained?(): Promise<void> | undefined;
  readonly clock: Clock;
  /** Bytes fit for keys. */
  random(length: number): Uint8Array;
  /** Tells the user something about the run, a line on standard error. */
  warn(line: string): void;
  readonly cpuCount: number;
  readonly hostName: string;
}
