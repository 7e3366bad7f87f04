export type { HostCertificates } from "./certificates.ts";
export type { FileKind, FolderChange, FolderEntry, HostFile, HostFiles, HostStat, OpenOptions, SpaceInfo } from "./files.ts";
export type { Clock, Host, HostInput, HostOutput, Redirection } from "./host.ts";
export type { CertificateFault, HostHttp, HttpHeader, HttpRequest, HttpResponse } from "./http.ts";
export { HostError } from "./host-error.ts";
export { manualClock, type ManualClock } from "./memory/clock.ts";
export type { HostKeys } from "./keys.ts";
export { loopbackNetwork, type LoopbackOptions } from "./memory/loopback-network.ts";
export { memoryFiles, type InitialFiles } from "./memory/memory-files.ts";
export { memoryHost, type MemoryHost, type MemoryHostOptions } from "./memory/memory-host.ts";
export { memoryTerminal, type MemoryTerminal } from "./memory/memory-terminal.ts";
export { memoryInput, memoryOutput, type MemoryOutput } from "./memory/memory-streams.ts";
export { makeFolders } from "./node/make-folders.ts";
export { nodeCertificates } from "./node/node-certificates.ts";
export { nodeKeys } from "./node/node-keys.ts";
export { nodeFiles } from "./node/node-files.ts";
export { nodeHttp } from "./node/node-http.ts";
export { nodeNetwork } from "./node/node-network.ts";
export { nodeHost, type NodeHostOptions } from "./node/node-host.ts";
export { nodePrograms, type NodeProgramsOptions } from "./node/node-programs.ts";
export { nodeStore } from "./node/node-store.ts";
export { nodeTls } from "./node/node-tls.ts";
export { fileInput, nodeInput, nodeOutput, streamInput, streamOutput } from "./node/node-streams.ts";
export {
  isLoopback,
  isWildcard,
  type ConnectionListener,
  type HostConnection,
  type HostDatagrams,
  type HostListener,
  type HostNetwork,
  type NetAddress,
} from "./network.ts";
export type { HostPrograms, HostStart, HostStream, PipedInput, RunningProgram } from "./programs.ts";
export type { HostTls, TlsClient, TlsSession, TlsSettings, TlsStep, TlsVersion } from "./tls.ts";
export type { HostStore, StoreEntry } from "./store.ts";
export { subtree } from "./subtree.ts";
export { isWithin, restrict, type Denial, type Grant } from "./restrict.ts";
