import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { defaultWireLimits } from "./limits.ts";
import type { Sessions } from "./sessions.ts";
import { wiredSocket } from "./wired-socket.ts";

/** Serves sessions on a port of this machine's until the test is over. */
export async function listening(sessions: Sessions): Promise<{ listener: WebSocketServer; port: number; url: string }> {
  const { frameBytes } = defaultWireLimits;
  const listener = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: frameBytes });
  listener.on("connection", (socket, { socket: stream }) => {
    socket.on("error", () => undefined);
    sessions.accept(wiredSocket(socket, { stream, mask: "none", frameBytes }));
  });
  await once(listener, "listening");
  onTestFinished(() => {
    sessions.end("the test is over");
    for (const client of listener.clients) client.terminate();
    listener.close();
  });
  const { port } = listener.address() as AddressInfo;
  return { listener, port, url: `ws://127.0.0.1:${port}` };
}
