import { nodeHttp, nodeNetwork } from "@decant/host";
import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { selfSigned } from "../../../../fixtures/schannel/self-signed.ts";
import { localProxy, localServer } from "./local-server.fixture.ts";

const SECURE = 0x0080_0000;
const [SECURITY_FLAGS, NO_PROXY, NAMED_PROXY] = [31, 1, 3];
const IGNORE = { UNKNOWN_CA: 0x100, NAME: 0x1000, DATE: 0x2000 } as const;
const WINHTTP = { SECURE_FAILURE: 12_175, STATUS_SECURE_FAILURE: 0x1_0000 } as const;
const WININET = { INVALID_CA: 12_045, CERT_CN_INVALID: 12_038, CERT_DATE_INVALID: 12_037 } as const;
const good = selfSigned();
const old = selfSigned({ days: 0.5 });
const another = selfSigned({ name: "elsewhere.invalid", address: "127.0.0.9" });

type Local = Awaited<ReturnType<typeof localServer>>;
let [server, oldServer, anotherServer] = [] as unknown as [Local, Local, Local];
beforeAll(async () => {
  [server, oldServer, anotherServer] = await Promise.all([localServer(good), localServer(old), localServer(another)]);
});
afterAll(() => Promise.all([server, oldServer, anotherServer].map((each) => each.close())));

/** A guest on a machine that trusts these certificates. */
const machine = (trusted: string[]) => guest({ http: nodeHttp(nodeNetwork(), () => trusted) });

describe("WinHTTP by TLS", () => {
  const setUp = async (trusted: string[], port: number, { host = "127.0.0.1", flags = 0, proxy = "" } = {}) => {
    const made = machine(trusted);
    const { call, callAsync, out, allocate, memory, callback, thread } = made;
    const session = call("WinHttpOpen", "tester/1", proxy === "" ? NO_PROXY : NAMED_PROXY, proxy === "" ? undefined : proxy, undefined, 0);
    const told: number[] = [];
    const onStatus = callback((_handle, _context, status, at) => {
      if (Number(status) === WINHTTP.STATUS_SECURE_FAILURE) told.push(memory.u32(Number(at)));
    });
    call("WinHttpSetStatusCallback", session, onStatus, 0xffff_ffff, 0n);
    const connection = await callAsync("WinHttpConnect", session, host, port, 0);
    const request = await callAsync("WinHttpOpenRequest", connection, "GET", "/echo", undefined, undefined, 0, SECURE);
    if (flags !== 0) expect(call("WinHttpSetOption", request, SECURITY_FLAGS, out(DWORD, flags), 4)).toBe(1);
    const ask = async (): Promise<string | number> => {
      if ((await callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 0, 0n)) === 0) return thread.lastError;
      if ((await callAsync("WinHttpReceiveResponse", request, 0)) === 0) return thread.lastError;
      const [buffer, count] = [allocate(4096), out(DWORD)];
      await callAsync("WinHttpReadData", request, buffer, 4096, count);
      return JSON.parse(new TextDecoder().decode(memory.read(buffer, count.value))).url;
    };
    return { ...made, ask, told, request };
  };

  test("asks a server whose certificate is trusted and names it", async () => {
    const { ask, told } = await setUp([good.cert], server.port);
    expect([await ask(), told]).toEqual(["/echo", []]);
    expect(await (await setUp([good.cert], server.port, { host: "localhost" })).ask()).toBe("/echo");
  });

  test.each([
    ["nobody trusts", () => ({ trusted: [], port: server.port }), 8, IGNORE.UNKNOWN_CA],
    ["is another's", () => ({ trusted: [another.cert], port: anotherServer.port }), 0x10, IGNORE.NAME],
    ["is no longer valid", () => ({ trusted: [old.cert], port: oldServer.port }), 0x20, IGNORE.DATE],
  ] as const)(
    "refuses a certificate that %s, says so to the callback, and takes it where that is asked for",
    async (_name, where, flag, ignored) => {
      const { trusted, port } = where();
      const refused = await setUp([...trusted], port);
      expect([await refused.ask(), refused.told]).toEqual([WINHTTP.SECURE_FAILURE, [flag]]);
      const taken = await setUp([...trusted], port, { flags: ignored });
      expect([await taken.ask(), taken.told]).toEqual(["/echo", []]);
      for (const other of Object.values(IGNORE).filter((each) => each !== ignored))
        expect(await (await setUp([...trusted], port, { flags: other })).ask()).toBe(WINHTTP.SECURE_FAILURE);
    },
  );

  test("ignores what it is told to, and no more", async () => {
    expect(await (await setUp([], anotherServer.port, { flags: IGNORE.UNKNOWN_CA })).ask()).toBe(WINHTTP.SECURE_FAILURE);
    expect(await (await setUp([], anotherServer.port, { flags: IGNORE.UNKNOWN_CA | IGNORE.NAME })).ask()).toBe("/echo");
    expect(await (await setUp([], oldServer.port, { flags: IGNORE.UNKNOWN_CA })).ask()).toBe(WINHTTP.SECURE_FAILURE);
    const { call, request, out, thread } = await setUp([], server.port);
    expect(call("WinHttpSetOption", request, SECURITY_FLAGS, out(DWORD, 1), 4)).toBe(0);
    expect(thread.lastError).toBe(ERROR.INVALID_PARAMETER);
  });

  test("goes through a proxy that connects, and is refused by one that is not there", async () => {
    const proxy = await localProxy();
    const { ask } = await setUp([good.cert], server.port, { proxy: `127.0.0.1:${proxy.port}` });
    expect([await ask(), proxy.asked]).toEqual(["/echo", [`127.0.0.1:${server.port}`]]);
    proxy.close();
    expect(await (await setUp([good.cert], server.port, { proxy: "127.0.0.1:1" })).ask()).toBe(12_029);
  });

  test("fails where the server speaks no TLS", async () => {
    const plain = await localServer();
    const { ask, told } = await setUp([good.cert], plain.port);
    expect([await ask(), told]).toEqual([WINHTTP.SECURE_FAILURE, [0x8000_0000]]);
    await plain.close();
  });
});

describe("WinINet and urlmon by TLS", () => {
  const open = async (trusted: string[], port: number, flags = 0): Promise<number | string> => {
    const { call, callAsync, out, allocate, memory, thread } = machine(trusted);
    const session = call("InternetOpenA", "tester", 1, undefined, undefined, 0);
    const url = `https://127.0.0.1:${port}/echo`;
    const file = await callAsync("InternetOpenUrlA", session, url, undefined, 0, flags, 0n);
    if (file === 0) return thread.lastError;
    const [buffer, count] = [allocate(4096), out(DWORD)];
    expect(await callAsync("InternetReadFile", file, buffer, 4096, count)).toBe(1);
    return JSON.parse(new TextDecoder().decode(memory.read(buffer, count.value))).url;
  };

  test("take certificates that are trusted, and tell what is wrong with others", async () => {
    expect(await open([good.cert], server.port)).toBe("/echo");
    expect([await open([], server.port), await open([another.cert], anotherServer.port), await open([old.cert], oldServer.port)]).toEqual([
      WININET.INVALID_CA,
      WININET.CERT_CN_INVALID,
      WININET.CERT_DATE_INVALID,
    ]);
    expect([await open([another.cert], anotherServer.port, IGNORE.NAME), await open([old.cert], oldServer.port, IGNORE.DATE)]).toEqual([
      "/echo",
      "/echo",
    ]);
    expect(await open([], server.port, IGNORE.NAME | IGNORE.DATE)).toBe(WININET.INVALID_CA);
  });
});
