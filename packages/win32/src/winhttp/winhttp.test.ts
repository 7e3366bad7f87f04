import { nodeHttp, nodeNetwork, type HostHttp } from "@decant/host";
import { DWORD, ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HTTP_ERROR } from "../http/client.ts";
import { URL_COMPONENTS } from "../http/crack-url.ts";
import { localServer } from "../http/local-server.fixture.ts";

const [NO_PROXY, DEFAULT_PROXY, NAMED_PROXY] = [1, 0, 3];
const [STATUS_CODE, STATUS_TEXT, RAW_CRLF, CONTENT_TYPE, LAST_MODIFIED, SET_COOKIE] = [19, 20, 22, 1, 11, 43];
const [NUMBER, SYSTEMTIME] = [0x2000_0000, 0x4000_0000];
const ASYNC = 0x1000_0000;

let local: Awaited<ReturnType<typeof localServer>>;
beforeAll(async () => void (local = await localServer()));
afterAll(() => local.close());

function machine({ http = nodeHttp(nodeNetwork()), environment = {}, access = NO_PROXY, proxy = "", flags = 0 }: Options = {}) {
  const made = guest({ http, environment });
  const { call, callAsync, out, allocate, memory } = made;
  const session = call("WinHttpOpen", "tester/1", access, proxy === "" ? undefined : proxy, undefined, flags);
  const open = async (path: string, verb = "GET", port = local.port): Promise<number> => {
    const connection = await callAsync("WinHttpConnect", session, "127.0.0.1", port, 0);
    return callAsync("WinHttpOpenRequest", connection, verb, path, undefined, undefined, 0, 0);
  };
  const ask = async (path: string, verb?: string, body = "", headers?: string): Promise<number> => {
    const request = await open(path, verb);
    const at = allocate(body.length + 1);
    memory.write(at, new TextEncoder().encode(body));
    const sent = await callAsync("WinHttpSendRequest", request, headers, -1, at, body.length, body.length, 0n);
    if (sent === 0 || (await callAsync("WinHttpReceiveResponse", request, 0)) === 0) return 0;
    return request;
  };
  const read = async (request: number): Promise<string> => {
    const [buffer, count] = [allocate(4096), out(DWORD)];
    let text = "";
    do {
      expect(await callAsync("WinHttpReadData", request, buffer, 4096, count)).toBe(1);
      text += new TextDecoder().decode(memory.read(buffer, count.value));
    } while (count.value > 0);
    return text;
  };
  const header = (request: number, level: number, name?: string, index = 0): string | number => {
    const [buffer, length, at] = [allocate(1024), out(DWORD, 1024), out(DWORD, index)];
    if (call("WinHttpQueryHeaders", request, level, name, buffer, length, at) === 0) return made.thread.lastError;
    return memory.utf16(buffer, length.value / 2);
  };
  return { ...made, session, open, ask, read, header };
}

interface Options {
  readonly http?: HostHttp;
  readonly environment?: Record<string, string>;
  readonly access?: number;
  readonly proxy?: string;
  readonly flags?: number;
}

describe("a request", () => {
  test("brings the answer's status, headers and body", async () => {
    const { ask, read, header, call, out, allocate, memory } = machine();
    const request = await ask("/echo?q=1");
    expect([header(request, STATUS_CODE), header(request, STATUS_TEXT), header(request, CONTENT_TYPE)]).toEqual([
      "200",
      "OK",
      "application/json",
    ]);
    expect(header(request, 65535, "CONTENT-type")).toBe("application/json");
    expect(String(header(request, RAW_CRLF))).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\n[^]*\r\n\r\n$/);
    const [number, length] = [allocate(16), out(DWORD, 16)];
    expect(call("WinHttpQueryHeaders", request, STATUS_CODE | NUMBER, undefined, number, length, 0)).toBe(1);
    expect([memory.u32(number), length.value]).toEqual([200, 4]);
    expect(call("WinHttpQueryHeaders", request, LAST_MODIFIED | SYSTEMTIME, undefined, number, out(DWORD, 16), 0)).toBe(1);
    expect([...new Uint16Array(memory.read(number, 16).buffer)]).toEqual([1994, 11, 0, 6, 8, 49, 37, 0]);
    expect(JSON.parse(await read(request))).toEqual({ method: "GET", url: "/echo?q=1", agent: "tester/1", body: "" });
  });

  test("has the program's method, headers and body", async () => {
    const { ask, read } = machine();
    const request = await ask("/echo", "post", "some=form", "X-Test: yes\r\nContent-Type: text/plain\r\n");
    expect(JSON.parse(await read(request))).toMatchObject({ method: "POST", test: "yes", body: "some=form" });
  });

  test("takes its body in pieces, up to the length that was told", async () => {
    const { open, callAsync, allocate, memory, out, read } = machine();
    const request = await open("/echo", "PUT");
    expect(await callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 6, 0n)).toBe(1);
    const [piece, written] = [allocate(3), out(DWORD)];
    for (const text of ["abc", "def"]) {
      memory.write(piece, new TextEncoder().encode(text));
      expect(await callAsync("WinHttpWriteData", request, piece, 3, written)).toBe(1);
    }
    expect(await callAsync("WinHttpReceiveResponse", request, 0)).toBe(1);
    expect(JSON.parse(await read(request))).toMatchObject({ method: "PUT", body: "abcdef" });
  });

  test("reads long bodies, and tells how much there is", async () => {
    const { ask, read, callAsync, out } = machine();
    const request = await ask("/long");
    const available = out(DWORD);
    expect(await callAsync("WinHttpQueryDataAvailable", request, available)).toBe(1);
    expect(available.value).toBeGreaterThan(0);
    expect((await read(request)).length).toBe(100_000);
    expect(await callAsync("WinHttpQueryDataAvailable", request, available)).toBe(1);
    expect(available.value).toBe(0);
  });

  test("an answer that says no is an answer, with several headers of a name", async () => {
    const { ask, header, thread } = machine();
    const request = await ask("/missing");
    expect([header(request, STATUS_CODE), header(request, STATUS_TEXT)]).toEqual(["404", "Not Here"]);
    expect([0, 1, 2].map((index) => header(request, SET_COOKIE, undefined, index))).toEqual(["a=1", "b=2", HTTP_ERROR.HEADER_NOT_FOUND]);
    expect(thread.lastError).toBe(HTTP_ERROR.HEADER_NOT_FOUND);
  });

  test("is redirected, as often as is reasonable, unless it is not to be", async () => {
    const { ask, read, open, callAsync, call, out, header, allocate, memory, thread } = machine();
    const moved = await ask("/moved", "POST", "x");
    expect(JSON.parse(await read(moved))).toMatchObject({ method: "GET", url: "/echo?moved", body: "" });
    const [url, length] = [allocate(200), out(DWORD, 200)];
    expect(call("WinHttpQueryOption", moved, 34, url, length)).toBe(1);
    expect(memory.wstring(url)).toBe(`http://127.0.0.1:${local.port}/echo?moved`);
    expect(await ask("/around")).toBe(0);
    expect(thread.lastError).toBe(HTTP_ERROR.REDIRECT_FAILED);
    const stays = await open("/moved");
    expect(call("WinHttpSetOption", stays, 63, out(DWORD, 2), 4)).toBe(1);
    expect(await callAsync("WinHttpSendRequest", stays, undefined, 0, 0, 0, 0, 0n)).toBe(1);
    expect(await callAsync("WinHttpReceiveResponse", stays, 0)).toBe(1);
    expect(header(stays, STATUS_CODE)).toBe("302");
  });
});

describe("failures", () => {
  test("nobody listens, the connection is cut, the name is not known", async () => {
    const { open, callAsync, thread, session } = machine();
    const fails = async (request: number): Promise<number> => {
      expect(await callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 0, 0n)).toBe(0);
      return thread.lastError;
    };
    expect(await fails(await open("/", "GET", 1))).toBe(HTTP_ERROR.CANNOT_CONNECT);
    expect(await fails(await open("/cut"))).toBe(HTTP_ERROR.CONNECTION_ABORTED);
    const nowhere = await callAsync("WinHttpConnect", session, "no.such.host.invalid", 80, 0);
    const request = await callAsync("WinHttpOpenRequest", nowhere, undefined, "/", undefined, undefined, 0, 0);
    expect(await fails(request)).toBe(HTTP_ERROR.NAME_NOT_RESOLVED);
  });

  test("the network is off: the host's name is told, and the program cannot connect", async () => {
    const { network, warnings } = guest().host;
    const { open, callAsync, thread } = machine({ http: nodeHttp(network) });
    expect(await callAsync("WinHttpSendRequest", await open("/"), undefined, 0, 0, 0, 0, 0n)).toBe(0);
    expect(thread.lastError).toBe(HTTP_ERROR.CANNOT_CONNECT);
    const named = machine({ http: nodeHttp(network) });
    const connection = await named.callAsync("WinHttpConnect", named.session, "example.com", 80, 0);
    const request = await named.callAsync("WinHttpOpenRequest", connection, undefined, "/", undefined, undefined, 0, 0);
    expect(await named.callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 0, 0n)).toBe(0);
    expect(warnings).toEqual(["no network: example.com"]);
  });

  test("handles of another kind, in another state, or closed", async () => {
    const { call, callAsync, session, open, thread, out } = machine();
    const request = await open("/");
    const code = (result: number): number => (result === 0 ? thread.lastError : 0);
    expect(code(await callAsync("WinHttpReceiveResponse", session, 0))).toBe(HTTP_ERROR.INCORRECT_HANDLE_TYPE);
    expect(code(await callAsync("WinHttpReceiveResponse", request, 0))).toBe(HTTP_ERROR.INCORRECT_HANDLE_STATE);
    expect(code(call("WinHttpQueryHeaders", request, STATUS_CODE, undefined, 0, out(DWORD), 0))).toBe(HTTP_ERROR.INCORRECT_HANDLE_STATE);
    expect(code(await callAsync("WinHttpCloseHandle", request))).toBe(0);
    expect(code(await callAsync("WinHttpCloseHandle", request))).toBe(ERROR.INVALID_HANDLE);
    expect(code(await callAsync("WinHttpConnect", session, undefined, 80, 0))).toBe(ERROR.INVALID_PARAMETER);
  });

  test("a buffer that is too small", async () => {
    const { ask, call, out, allocate, thread } = machine();
    const request = await ask("/echo");
    const length = out(DWORD, 7);
    expect(call("WinHttpQueryHeaders", request, STATUS_CODE, undefined, allocate(8), length, 0)).toBe(0);
    expect([thread.lastError, length.value]).toEqual([ERROR.INSUFFICIENT_BUFFER, 8]);
    expect(call("WinHttpQueryHeaders", request, STATUS_CODE, undefined, allocate(8), length, 0)).toBe(1);
    expect(length.value).toBe(6);
  });
});

test.each([
  ["the environment names", { access: DEFAULT_PROXY, environment: { HTTP_PROXY: "http://127.0.0.1:PORT" } }],
  ["the program names", { access: NAMED_PROXY, proxy: "https=other:1;http=127.0.0.1:PORT" }],
])("a proxy that %s is told the whole URL", async (_who, options) => {
  const withPort = JSON.parse(JSON.stringify(options).replaceAll("PORT", String(local.port))) as Options;
  const { session, callAsync, read } = machine(withPort);
  const connection = await callAsync("WinHttpConnect", session, "example.invalid", 80, 0);
  const request = await callAsync("WinHttpOpenRequest", connection, undefined, "/echo", undefined, undefined, 0, 0);
  expect(await callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 0, 0n)).toBe(1);
  expect(JSON.parse(await read(request))).toMatchObject({ url: "http://example.invalid:80/echo" });
});

test("a proxy is not asked for what NO_PROXY lists", async () => {
  const { ask, header } = machine({ access: DEFAULT_PROXY, environment: { HTTP_PROXY: "127.0.0.1:1", NO_PROXY: "localhost,127.0.0.1" } });
  expect(header(await ask("/echo"), STATUS_CODE)).toBe("200");
});

test("a session of callbacks goes on, and tells what ended", async () => {
  const { session, open, call, callAsync, callback, allocate, memory, header } = machine({ flags: ASYNC });
  const told: { status: number; context: number; words: number[] }[] = [];
  // Of the arguments a test's callback sees four: the last, a length, is not among them.
  const routine = callback((_handle, context, status, info) => {
    const words = info === 0n ? [] : [memory.u32(Number(info)), memory.u32(Number(info) + 8)];
    told.push({ status: Number(status), context: Number(context), words });
  });
  expect(call("WinHttpSetStatusCallback", session, routine, 0xffff_ffff, 0n)).toBe(0);
  const request = await open("/long");
  const until = async (status: number): Promise<void> => {
    while (told.at(-1)?.status !== status) {
      await new Promise((resolve) => void setImmediate(resolve));
      await callAsync("Sleep", 1);
    }
  };
  expect(await callAsync("WinHttpSendRequest", request, undefined, 0, 0, 0, 0, 77n)).toBe(1);
  await until(0x40_0000);
  expect(await callAsync("WinHttpReceiveResponse", request, 0)).toBe(1);
  await until(0x2_0000);
  expect(header(request, STATUS_CODE)).toBe("200");
  expect(await callAsync("WinHttpQueryDataAvailable", request, 0)).toBe(1);
  await until(0x4_0000);
  expect(told.at(-1)!.words[0]).toBeGreaterThan(0);
  const buffer = allocate(1000);
  expect(await callAsync("WinHttpReadData", request, buffer, 1000, 0)).toBe(1);
  await until(0x8_0000);
  expect([told.at(-1)!.context, memory.u8(buffer + 999)]).toEqual([77, 0x78]);
  const refused = await open("/", "GET", 1);
  expect(await callAsync("WinHttpSendRequest", refused, undefined, 0, 0, 0, 0, 5n)).toBe(1);
  await until(0x20_0000);
  expect(told.at(-1)).toEqual({ status: 0x20_0000, context: 5, words: [5, HTTP_ERROR.CANNOT_CONNECT] });
  await callAsync("WinHttpCloseHandle", request);
  expect(told.at(-1)).toMatchObject({ status: 0x800, context: 77 });
});

// What Wine 8 answers for each.
test("headers are added, joined and replaced", async () => {
  const { open, call, header, thread } = machine();
  const request = await open("/");
  const [ADD, IF_NEW, REPLACE, COMMA] = [0x2000_0000, 0x1000_0000, 0x8000_0000, 0x4000_0000];
  const add = (text: string, flags: number): number =>
    call("WinHttpAddRequestHeaders", request, text, -1, flags) === 0 ? thread.lastError : 0;
  expect(add("A: 1", REPLACE)).toBe(HTTP_ERROR.HEADER_NOT_FOUND);
  expect(add("A: 1\r\nB: 2\r\n", ADD)).toBe(0);
  expect(add("A: 2", IF_NEW)).toBe(HTTP_ERROR.HEADER_ALREADY_EXISTS);
  expect(add("A: 3", ADD | COMMA)).toBe(0);
  expect(header(request, 0x8000_ffff, "a")).toBe("1, 3");
  expect(add("A: 4", ADD | REPLACE)).toBe(0);
  expect([header(request, 0x8000_ffff, "a"), header(request, 0x8000_ffff, "b")]).toEqual(["4", "2"]);
  expect(add("nonsense", ADD)).toBe(HTTP_ERROR.INVALID_HEADER);
});

describe("WinHttpCrackUrl", () => {
  const crack = (url: string, fields: Record<string, number> = {}) => {
    const { call, out, wide, memory, thread } = machine();
    const at = wide(url);
    const lengths = {
      dwSchemeLength: -1,
      dwHostNameLength: -1,
      dwUserNameLength: -1,
      dwPasswordLength: -1,
      dwUrlPathLength: -1,
      dwExtraInfoLength: -1,
    };
    const components = out(URL_COMPONENTS, { dwStructSize: URL_COMPONENTS.size(thread.pointerSize), ...lengths, ...fields } as never);
    if (call("WinHttpCrackUrl", at, 0, 0, components) === 0) return thread.lastError;
    const { value } = components;
    const text = (name: "Scheme" | "HostName" | "UserName" | "Password" | "UrlPath" | "ExtraInfo") =>
      memory.utf16(value[`lpsz${name}`], value[`dw${name}Length`]);
    const names = ["Scheme", "UserName", "Password", "HostName", "UrlPath", "ExtraInfo"] as const;
    return [value.nScheme, value.nPort, ...names.map(text)];
  };

  test("points at the parts", () => {
    expect(crack("http://user:pa@h.com:81/p/q.html?x=1#f")).toEqual([1, 81, "http", "user", "pa", "h.com", "/p/q.html", "?x=1#f"]);
    expect(crack("https://[::1]")).toEqual([2, 443, "https", "", "", "[::1]", "", ""]);
    expect(crack("http://host?q=1")).toEqual([1, 80, "http", "", "", "host", "", "?q=1"]);
  });

  test("fails for other schemes, no URL, and a structure of another size", () => {
    expect(crack("ftp://h/x")).toBe(HTTP_ERROR.UNRECOGNIZED_SCHEME);
    expect(crack("nothing")).toBe(HTTP_ERROR.UNRECOGNIZED_SCHEME);
    expect(crack("")).toBe(ERROR.INVALID_PARAMETER);
    expect(crack("http://h/", { dwStructSize: 5 })).toBe(ERROR.INVALID_PARAMETER);
  });
});
