import { nodeHttp, nodeNetwork } from "@decant/host";
import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTP_ERROR } from "../http/client.ts";
import { URL_COMPONENTS } from "../http/crack-url.ts";
import { localServer } from "../http/local-server.fixture.ts";

let local: Awaited<ReturnType<typeof localServer>>;
beforeAll(async () => void (local = await localServer()));
afterAll(() => local.close());

function machine() {
  const made = guest({ http: nodeHttp(nodeNetwork()), files: { "/w/": "" }, currentDirectory: "Z:\\w" });
  const { call, callAsync, out, allocate, memory, thread } = made;
  const session = call("InternetOpenA", "agent", 0, undefined, undefined, 0);
  const openUrl = (path: string, flags = 0) =>
    callAsync("InternetOpenUrlA", session, `http://127.0.0.1:${local.port}${path}`, undefined, 0, flags, 0n);
  const read = async (request: number): Promise<string> => {
    const [buffer, count] = [allocate(4096), out(DWORD)];
    let text = "";
    do {
      expect(await callAsync("InternetReadFile", request, buffer, 4096, count)).toBe(1);
      text += new TextDecoder().decode(memory.read(buffer, count.value));
    } while (count.value > 0);
    return text;
  };
  const query = (request: number, level: number, name = ""): string | number => {
    const [buffer, length] = [allocate(512), out(DWORD, 512)];
    memory.write(buffer, new TextEncoder().encode(name));
    if (call("HttpQueryInfoA", request, level, buffer, length, 0) === 0) return thread.lastError;
    return new TextDecoder().decode(memory.read(buffer, length.value));
  };
  const url = (name: string, ...args: (string | number)[]): string | number => {
    const [buffer, length] = [allocate(300), out(DWORD, 300)];
    const at = args.indexOf("*");
    const all = [...args.slice(0, at), buffer, length, ...args.slice(at + 1)];
    return call(name, ...all) === 0 ? thread.lastError : memory.cstring(buffer);
  };
  return { ...made, session, openUrl, read, query, url };
}

test("opens a URL, with its headers and its bytes", async () => {
  const { openUrl, read, query } = machine();
  const request = await openUrl("/echo?a=b");
  expect([query(request, 19), query(request, 65535, "content-TYPE"), query(request, 18)]).toEqual(["200", "application/json", "HTTP/1.1"]);
  expect(query(request, 37)).toBe(HTTP_ERROR.HEADER_NOT_FOUND);
  expect(JSON.parse(await read(request))).toMatchObject({ method: "GET", url: "/echo?a=b", agent: "agent" });
});

test("posts a form by its parts, with and without following what it is told", async () => {
  const { call, callAsync, session, ansi, read, query, openUrl } = machine();
  const connection = call("InternetConnectA", session, "127.0.0.1", local.port, undefined, undefined, 3, 0, 0n);
  const request = call("HttpOpenRequestA", connection, "POST", "echo", undefined, undefined, 0, 0, 0n);
  expect(call("HttpAddRequestHeadersA", request, "X-Test: 1\r\n", -1, 0x2000_0000)).toBe(1);
  expect(await callAsync("HttpSendRequestA", request, undefined, 0, ansi("a=1"), 3)).toBe(1);
  expect(JSON.parse(await read(request))).toMatchObject({ method: "POST", url: "/echo", test: "1", body: "a=1" });
  expect(query(await openUrl("/moved", 0x0020_0000), 19)).toBe("302");
  expect(query(await openUrl("/moved"), 19)).toBe("200");
});

test("fails as documented", async () => {
  const { call, callAsync, session, thread, openUrl, out, allocate } = machine();
  const code = (result: number): number => (result === 0 ? thread.lastError : 0);
  expect(code(await callAsync("InternetOpenUrlA", session, "ftp://x/y", undefined, 0, 0, 0n))).toBe(HTTP_ERROR.UNRECOGNIZED_SCHEME);
  expect(code(await callAsync("InternetOpenUrlA", session, "http://127.0.0.1:1/", undefined, 0, 0, 0n))).toBe(HTTP_ERROR.CANNOT_CONNECT);
  expect(code(await openUrl("/around"))).toBe(HTTP_ERROR.REDIRECT_FAILED);
  expect(code(await callAsync("InternetReadFile", session, allocate(8), 8, out(DWORD)))).toBe(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
  expect(code(call("InternetOpenA", "x", 0, undefined, undefined, 0x1000_0000))).toBe(ERROR.NOT_SUPPORTED);
  expect(code(call("InternetConnectA", session, "h", 21, undefined, undefined, 1, 0, 0n))).toBe(ERROR.NOT_SUPPORTED);
  expect([code(call("InternetCloseHandle", session)), code(call("InternetCloseHandle", session))]).toEqual([0, ERROR.INVALID_HANDLE]);
});

// What Wine 8 answers for each.
describe("URLs", () => {
  test.each([
    ["http://example.com/a/b.html?x=1#f", 3, 80, "http", "", "", "example.com", "/a/b.html", "?x=1#f"],
    ["https://user:pass@host:8443/p", 4, 8443, "https", "user", "pass", "host", "/p", ""],
    ["HTTP://Host:80/%41", 3, 80, "HTTP", "", "", "Host", "/%41", ""],
    ["ftp://f/x;type=a", 1, 21, "ftp", "", "", "f", "/x;type=a", ""],
    ["about:blank", -1, 0, "about", "", "", "", "blank", ""],
    ["mailto:a@b.c", 7, 0, "mailto", "", "", "", "a@b.c", ""],
    ["xyz://h/p", -1, 0, "xyz", "", "", "h", "/p", ""],
    ["http://[::1]:80/x", 3, 80, "http", "", "", "[::1]", "/x", ""],
    ["http://host:99999/", 3, 34463, "http", "", "", "host", "/", ""],
    ["http:/x", 3, 80, "http", "", "", "", "/x", ""],
  ])("%s has these parts", (text, ...parts) => {
    const { call, out, ansi, memory, thread } = machine();
    const lengths = {
      dwSchemeLength: 1,
      dwHostNameLength: 1,
      dwUserNameLength: 1,
      dwPasswordLength: 1,
      dwUrlPathLength: 1,
      dwExtraInfoLength: 1,
    };
    const components = out(URL_COMPONENTS, { dwStructSize: URL_COMPONENTS.size(thread.pointerSize), ...lengths } as never);
    expect(call("InternetCrackUrlA", ansi(text), 0, 0, components)).toBe(1);
    const { value } = components;
    const part = (name: "Scheme" | "HostName" | "UserName" | "Password" | "UrlPath" | "ExtraInfo") =>
      memory.cstring(value[`lpsz${name}`]).slice(0, value[`dw${name}Length`]);
    const names = ["Scheme", "UserName", "Password", "HostName", "UrlPath", "ExtraInfo"] as const;
    expect([value.nScheme, value.nPort, ...names.map(part)]).toEqual(parts);
  });

  test("a part that does not fit its buffer is ERROR_INSUFFICIENT_BUFFER", () => {
    const { call, out, ansi, allocate, thread } = machine();
    const dwStructSize = URL_COMPONENTS.size(thread.pointerSize);
    const components = out(URL_COMPONENTS, { dwStructSize, lpszHostName: allocate(4), dwHostNameLength: 4 } as never);
    expect([call("InternetCrackUrlA", ansi("http://example.com/"), 0, 0, components), thread.lastError]).toEqual([
      0,
      ERROR.INSUFFICIENT_BUFFER,
    ]);
    expect([call("InternetCrackUrlA", ansi("foo"), 0, 0, components), thread.lastError]).toEqual([0, HTTP_ERROR.UNRECOGNIZED_SCHEME]);
  });

  test.each([
    ["http://h/a/b", "c", "http://h/a/c"],
    ["http://h/a/b", "../c", "http://h/c"],
    ["http://h/a/b/", "/c?d", "http://h/c?d"],
    ["http://h/a", "http://x/y", "http://x/y"],
    ["http://h/a/b", "?q", "http://h/a/?q"],
    ["http://h/a/b", "#z", "http://h/a/b#z"],
    ["http://h/a b", "c d", "http://h/c%20d"],
    ["http://h", "c", "http://h/c"],
  ])("%s and %s make %s", (base, reference, combined) => {
    expect(machine().url("InternetCombineUrlA", base, reference, "*", 0)).toBe(combined);
  });

  test.each([
    ["http://h/a b", 0, "http://h/a%20b"],
    ["http://h/a/../b", 0, "http://h/b"],
    ["http://h/a b", 0x2000_0000, "http://h/a b"],
    ["HTTP://Hh/%41b", 0, "HTTP://Hh/%41b"],
    ["http://h/a/./b", 0x0800_0000, "http://h/a/./b"],
  ])("%s with flags %d is %s", (text, flags, canonical) => {
    expect(machine().url("InternetCanonicalizeUrlA", text, "*", flags)).toBe(canonical);
  });

  test("a URL is made of its parts", () => {
    const { out, wide, thread, url, ansi } = machine();
    const parts = { lpszHostName: ansi("hh"), nPort: 444, lpszUrlPath: ansi("/p"), lpszExtraInfo: ansi("?q") };
    const components = out(URL_COMPONENTS, { dwStructSize: URL_COMPONENTS.size(thread.pointerSize), nScheme: 4, ...parts } as never);
    expect(url("InternetCreateUrlA", components.address, 0, "*")).toBe("https://hh:444/p?q");
    expect(url("InternetCreateUrlA", wide("x"), 0, "*")).toBe(ERROR.INVALID_PARAMETER);
  });
});

describe("URLDownloadToFile", () => {
  test("stores what the URL brings, also after a redirect", async () => {
    const { callAsync, host } = machine();
    const from = (path: string) => `http://127.0.0.1:${local.port}${path}`;
    expect(await callAsync("URLDownloadToFileA", 0, from("/long"), "long.txt", 0, 0)).toBe(0);
    expect(host.files.stat("/w/long.txt").size).toBe(100_000);
    expect(await callAsync("URLDownloadToFileW", 0, from("/moved"), "Z:\\w\\moved.json", 0, 0)).toBe(0);
    expect(host.files.stat("/w/moved.json").size).toBeGreaterThan(10);
  });

  test("fails with INET_E_* and makes no file", async () => {
    const { callAsync, host } = machine();
    const code = async (url: string) => (await callAsync("URLDownloadToFileA", 0, url, "no.txt", 0, 0)) >>> 0;
    expect(await code(`http://127.0.0.1:${local.port}/missing`)).toBe(0x800c_0006);
    expect(await code("http://127.0.0.1:1/")).toBe(0x800c_0005);
    expect(await code("nothing")).toBe(0x800c_0002);
    expect(host.files.list("/w")).toEqual([]);
  });
});
