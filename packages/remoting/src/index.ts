export { connect, remoteDriver, type RemoteOptions } from "./client.ts";
export { Sessions, type Grant, type SessionEvent, type SessionsOptions, type SessionStatus } from "./sessions.ts";
export { type ChannelMetrics, LATENCY_SECONDS } from "./metrics.ts";
export { isLoopback, type MessageSocket, messageSocket, openSocket } from "./socket.ts";
export { type Wire, wiredSocket } from "./wired-socket.ts";
export { BULK_BYTES, CHUNK_BYTES, defaultWireLimits, PROTOCOL_VERSION, type WireLimits } from "./limits.ts";
