import { availableParallelism, hostname } from "node:os";
import process from "node:process";
import type { HostFiles } from "../files.ts";
import type { Clock, Host } from "../host.ts";
import { loopbackNetwork } from "../memory/loopback-network.ts";
import { memoryFiles } from "../memory/memory-files.ts";
import type { HostNetwork } from "../network.ts";
import type { HostPrograms } from "../programs.ts";
import { nodeCertificates } from "./node-certificates.ts";
import { nodeFiles } from "./node-files.ts";
import { nodeHttp } from "./node-http.ts";
import { nodeKeys } from "./node-keys.ts";
import { nodeInput, nodeOutput } from "./node-streams.ts";
import { nodeTls } from "./node-tls.ts";

/** What of this machine a guest sees. */
export interface NodeHostOptions {
  /** All files when absent: wrap nodeFiles() in restrict() for guests. */
  readonly files?: HostFiles;
  /** A tree in memory when absent. */
  readonly systemDrive?: HostFiles;
  /** A network with nobody else on it when absent. */
  readonly network?: HostNetwork;
  readonly programs?: HostPrograms;
  readonly clock?: Clock;
  readonly cpuCount?: number;
}

/** This machine, through Node. */
export function nodeHost(options: NodeHostOptions = {}): Host {
  const stderr = nodeOutput(2, () => process.stderr);
  const clock = options.clock ?? nodeClock();
  const network = options.network ?? loopbackNetwork({ hostName: hostname() });
  return {
    files: options.files ?? nodeFiles(),
    systemDrive: options.systemDrive ?? memoryFiles({ clock }),
    network,
    http: nodeHttp(network),
    ...(options.programs && { programs: options.programs }),
    certificates: nodeCertificates(),
    tls: nodeTls(),
    keys: nodeKeys(),
    stdin: nodeInput(0, () => process.stdin),
    stdout: nodeOutput(1, () => process.stdout),
    stderr,
    clock,
    random: randomBytes,
    warn: (line) => stderr.write(new TextEncoder().encode(`decant: ${line}\n`)),
    cpuCount: options.cpuCount ?? availableParallelism(),
    hostName: hostname(),
  };
}

/** By the global: node:crypto takes milliseconds to load, and few programs ask. It gives 64 KiB at a time. */
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) globalThis.crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function nodeClock(): Clock {
  return {
    now: () => performance.timeOrigin + performance.now(),
    monotonic: () => performance.now(),
    offsetMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
    get zone() {
      return new Intl.DateTimeFormat().resolvedOptions().timeZone;
    },
  };
}
