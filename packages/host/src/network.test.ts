import { describe, expect, test } from "vitest";
import { loopbackNetwork, nodeNetwork, type HostConnection, type HostNetwork, type NetAddress } from "./index.ts";

const here = (port = 0): NetAddress => ({ family: 4, address: "127.0.0.1", port });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Collects what a connection tells. */
function collect(connection: HostConnection): { text(): string; ended: Promise<void>; failed: Promise<Error> } {
  let text = "";
  let end = (): void => {};
  let fail = (_error: Error): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const failed = new Promise<Error>((resolve) => (fail = resolve));
  connection.start({ onData: (part) => void (text += new TextDecoder().decode(part)), onEnd: end, onError: fail, onDrain: () => {} });
  return { text: () => text, ended, failed };
}

/** A connection's two ends, the port that was listened at, and what closes it. */
async function connected(network: HostNetwork): Promise<{ client: HostConnection; server: HostConnection; port: number; close(): void }> {
  let arrive = (_connection: HostConnection): void => {};
  const arrived = new Promise<HostConnection>((resolve) => (arrive = resolve));
  const listener = await network.listen(here(), (connection) => arrive(connection));
  const client = await network.connect(listener.local);
  return { client, server: await arrived, port: listener.local.port, close: () => listener.close() };
}

describe.each([
  ["loopbackNetwork", loopbackNetwork],
  ["nodeNetwork", nodeNetwork],
])("%s", (_name, make) => {
  test("carries bytes both ways, and tells each end apart", async () => {
    const { client, server, port, close } = await connected(make());
    const [atClient, atServer] = [collect(client), collect(server)];
    client.write(bytes("one "));
    client.write(bytes("two"));
    client.end();
    await atServer.ended;
    expect(atServer.text()).toBe("one two");
    expect(client.remote).toEqual(here(port));
    expect(server.local).toEqual(here(port));
    expect(server.remote).toEqual(client.local);
    server.write(bytes("still here"));
    server.close();
    await atClient.ended;
    expect(atClient.text()).toBe("still here");
    client.close();
    close();
  });

  test("nobody listens: ECONNREFUSED; a port that is taken: EADDRINUSE; not this machine's address: EADDRNOTAVAIL", async () => {
    const network = make();
    const listener = await network.listen(here(), () => {});
    await expect(network.listen(listener.local, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
    listener.close();
    await expect(network.connect(listener.local)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(network.listen({ family: 4, address: "192.0.2.1", port: 0 }, () => {})).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("a reset is an error of the other end", async () => {
    const { client, server, close } = await connected(make());
    const atServer = collect(server);
    client.reset();
    expect(await atServer.failed).toMatchObject({ code: "ECONNRESET" });
    close();
  });

  test("a reader that does not read holds its writer up", async () => {
    const { client, server, close } = await connected(make());
    server.setReading(false);
    let drained = (): void => {};
    const drain = new Promise<void>((resolve) => (drained = resolve));
    client.start({ onData: () => {}, onEnd: () => {}, onError: () => {}, onDrain: drained });
    let written = 0;
    const part = new Uint8Array(100_000);
    while (client.write(part.slice())) if ((written += part.length) > 2 ** 28) throw new Error("it takes without end");
    written += part.length;
    let received = 0;
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => (ended = resolve));
    server.start({ onData: ({ length }) => (received += length), onEnd: ended, onError: () => {}, onDrain: () => {} });
    server.setReading(true);
    await drain;
    client.close();
    await end;
    expect(received).toBe(written);
    server.close();
    close();
  });

  test("datagrams arrive whole, with the sender's address", async () => {
    const network = make();
    const received: [string, number][] = [];
    let done = (): void => {};
    const both = new Promise<void>((resolve) => (done = resolve));
    const target = await network.datagrams(here(), (message, from) => {
      if (received.push([new TextDecoder().decode(message), from.port]) === 2) done();
    });
    const source = await network.datagrams(here(), () => {});
    source.send(bytes("first"), target.local);
    source.send(bytes(""), target.local);
    await both;
    expect(received).toEqual([
      ["first", source.local.port],
      ["", source.local.port],
    ]);
    target.close();
    source.close();
  });

  test("localhost is this machine", async () => {
    expect(await make().lookUp("localhost", 4)).toContainEqual({ family: 4, address: "127.0.0.1" });
  });
});

test("the loopback network tells of what it refuses: other machines, and names", async () => {
  const denied: string[] = [];
  const network = loopbackNetwork({ onDenied: (target) => denied.push(target) });
  await expect(network.connect({ family: 4, address: "192.0.2.1", port: 80 })).rejects.toMatchObject({ code: "EACCES" });
  await expect(network.lookUp("example.org", 0)).rejects.toMatchObject({ code: "ENOTFOUND" });
  expect(denied).toEqual(["192.0.2.1", "example.org"]);
});
