import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";

/** A server on this machine that answers what tests ask for; `/echo` gives back what it was sent. With a certificate it speaks TLS. */
export async function localServer(certificate?: {
  key: string;
  cert: string;
}): Promise<{ readonly port: number; readonly server: Server; close(): Promise<void> }> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server = certificate === undefined ? createServer(onRequest) : createSecureServer(certificate, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A proxy that connects to where it is asked to, and notes that. */
export async function localProxy(): Promise<{ readonly port: number; readonly asked: string[]; close(): void }> {
  const asked: string[] = [];
  const server = createServer();
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const far = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      far.pipe(socket);
      socket.pipe(far);
    });
    far.on("error", () => socket.destroy());
    socket.on("error", () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, asked, close: () => void server.close() };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname } = new URL(request.url ?? "/", "http://x");
  if (pathname === "/moved") return void response.writeHead(302, { Location: "/echo?moved" }).end("gone");
  if (pathname === "/around") return void response.writeHead(302, { Location: "/around" }).end();
  if (pathname === "/missing") return void response.writeHead(404, "Not Here", { "Set-Cookie": ["a=1", "b=2"] }).end("no");
  if (pathname === "/long") return void response.end("x".repeat(100_000));
  if (pathname === "/cut") return void response.destroy();
  const { method, url, headers } = request;
  const body = JSON.stringify({
    method,
    url,
    agent: headers["user-agent"],
    test: headers["x-test"],
    body: Buffer.concat(chunks).toString(),
  });
  response
    .writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length, "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT" })
    .end(body);
}
