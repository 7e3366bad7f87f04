export { parseListen } from "./address.ts";
export { serve, type Server, type ServerOptions } from "./serve.ts";
export { type LogEntry, logLine } from "./log.ts";
export { TokenFile, type TokenRecord } from "./tokens.ts";
export { serveParent, type ServerProcess, startServerProcess } from "./server-process.ts";
