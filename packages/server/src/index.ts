export { serve, type Server, type ServerOptions } from "./serve.ts";
export { serveParent, type ServerProcess, startServerProcess } from "./server-process.ts";
