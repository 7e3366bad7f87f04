import type { HostCertificates } from "../certificates.ts";
import type { Host, HostInput } from "../host.ts";
import type { HostHttp } from "../http.ts";
import type { HostKeys } from "../keys.ts";
import type { HostNetwork } from "../network.ts";
import type { HostTls } from "../tls.ts";
import { manualClock, type ManualClock } from "./clock.ts";
import { loopbackNetwork } from "./loopback-network.ts";
import { memoryFiles, type InitialFiles } from "./memory-files.ts";
import { memoryInput, memoryOutput, type MemoryOutput } from "./memory-streams.ts";

/** What a machine in memory starts with. */
export interface MemoryHostOptions {
  readonly files?: InitialFiles;
  readonly stdin?: HostInput | string | Uint8Array;
  readonly stdout?: MemoryOutput;
  readonly clock?: ManualClock;
  readonly cpuCount?: number;
  readonly certificates?: HostCertificates;
  /** Guests that reach each other, when absent. */
  readonly network?: HostNetwork;
  readonly http?: HostHttp;
  readonly tls?: HostTls;
  readonly keys?: HostKeys;
}

/** A machine in memory; what goes to its outputs is kept. */
export interface MemoryHost extends Host {
  readonly clock: ManualClock;
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
  readonly warnings: string[];
}

/** A machine in memory: no files but those given, a clock that stands still, random bytes that are always the same. */
export function memoryHost({
  files = {},
  stdin = "",
  stdout = memoryOutput(),
  clock = manualClock(),
  cpuCount = 2,
  certificates,
  network,
  http,
  tls,
  keys,
}: MemoryHostOptions = {}): MemoryHost {
  const warnings: string[] = [];
  let state = 0x2545f491;
  const nextByte = (): number => {
    // xorshift32: any full-period generator would do.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return {
    files: memoryFiles({ files, clock }),
    systemDrive: memoryFiles({ clock }),
    network: network ?? loopbackNetwork({ hostName: "decant", onDenied: (target) => void warnings.push(`no network: ${target}`) }),
    ...(http && { http }),
    ...(tls && { tls }),
    ...(keys && { keys }),
    ...(certificates && { certificates }),
    stdin: typeof stdin === "string" || stdin instanceof Uint8Array ? memoryInput(stdin) : stdin,
    stdout,
    stderr: memoryOutput(),
    clock,
    random: (length) => Uint8Array.from({ length }, nextByte),
    warn: (line) => void warnings.push(line),
    warnings,
    cpuCount,
    hostName: "decant",
  };
}
