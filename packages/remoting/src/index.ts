export { connect, remoteDriver, type RemoteOptions } from "./client.ts";
export { serveDriver, type ServedSession, type ServeOptions, type SessionEvent } from "./server.ts";
export { isLoopback, type MessageSocket, messageSocket, openSocket } from "./socket.ts";
export { BULK_BYTES, CHUNK_BYTES, defaultWireLimits, PROTOCOL_VERSION, type WireLimits } from "./limits.ts";
