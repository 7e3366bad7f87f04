import { isLoopback } from "@decant/remoting";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:9440`, `[::1]:9440`, `localhost:0` or `:9440` (loopback); throws with a sentence. Port 0 takes a free one. */
export function parseListen(listen: string): ListenAddress {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(listen);
  const port = Number(parts?.[3]);
  if (!parts || port > 65535) throw new Error(`--listen takes HOST:PORT, as 127.0.0.1:9440; found ${listen}`);
  return { host: parts[1] ?? (parts[2] || "127.0.0.1"), port };
}

/** The address that clients use, as ws://127.0.0.1:9440. */
export function urlOf({ host, port }: ListenAddress, secure = false): string {
  return `${secure ? "wss" : "ws"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Throws unless the address is the machine's own, or a token guards it. */
export function requireToken({ host }: ListenAddress, hasToken: boolean): void {
  if (!hasToken && !isLoopback(host))
    throw new Error(`listening on ${host} needs a token: make one with \`decant token add\`, or set DECANT_TOKEN; 127.0.0.1 needs none`);
}
