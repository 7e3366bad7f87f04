import { Hooks, trace } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** A guest whose calls are told as the trace shows them: arguments, then the result. */
function tracedGuest() {
  const hooks = new Hooks({ report: () => undefined });
  const made = guest({ hooks });
  const shown: string[] = [];
  trace(hooks, "*!*", (call) => shown.push(`${call.arguments.join(" ").replace(/=0x[0-9a-f]+(?=["{])/g, "=")} = ${call.result}`));
  const last = (name: string, ...args: (number | bigint)[]): string => {
    made.call(name, ...args);
    return shown.at(-1)!;
  };
  return { ...made, last };
}

test("an export is shown by the name or the ordinal that it is asked for by", () => {
  const { last, ansi } = tracedGuest();
  expect(last("GetProcAddress", 0, ansi("Sleep"))).toBe('hModule=NULL lpProcName="Sleep" = NULL');
  expect(last("GetProcAddress", 0, 7)).toBe("hModule=NULL lpProcName=#7 = NULL");
});

test("types and names of resources are shown as texts or numbers, whatever they are", () => {
  const { last, ansi, wide } = tracedGuest();
  expect(last("FindResourceA", 0, 3, ansi("KIND"))).toBe('hModule=NULL lpName=#3 lpType="KIND" = NULL');
  expect(last("FindResourceW", 0, wide("IcÖn"), 14)).toBe('hModule=NULL lpName="IcÖn" lpType=#14 = NULL');
});

test("errors, outcomes of waits, times without end and standard handles have their names", () => {
  const { last, call } = tracedGuest();
  expect(last("SetLastError", 183)).toBe("dwErrCode=ERROR_ALREADY_EXISTS = ");
  expect(last("GetLastError")).toBe(" = ERROR_ALREADY_EXISTS");
  const event = call("CreateEventA", 0, 0, 1, 0);
  expect(last("WaitForSingleObject", event, 0xffff_ffff)).toBe(
    `hHandle=0x${event.toString(16)}(Event) dwMilliseconds=INFINITE = WAIT_OBJECT_0`,
  );
  expect(last("WaitForSingleObject", event, 0)).toMatch(/dwMilliseconds=0 = WAIT_TIMEOUT$/);
  expect(last("GetStdHandle", -11)).toMatch(/^nStdHandle=STD_OUTPUT_HANDLE = /);
});

test("attributes and ways to open are shown as bits that are set", () => {
  const { last, ansi } = tracedGuest();
  const shown = last("CreateFileA", ansi("none"), 0x8000_0000, 3, 0, 3, 0x0200_0080, 0);
  expect(shown).toContain("dwFlagsAndAttributes=FILE_ATTRIBUTE_NORMAL|FILE_FLAG_BACKUP_SEMANTICS");
  expect(last("GetFileAttributesA", ansi("C:\\"))).toMatch(/= FILE_ATTRIBUTE_DIRECTORY/);
});

test("keys of the registry, kinds of values and rights have their names", () => {
  const { last, ansi, allocate } = tracedGuest();
  expect(last("RegOpenKeyExA", 0x8000_0001, ansi("None"), 0, 0x20019, allocate(8))).toContain("hKey=HKEY_CURRENT_USER");
  expect(last("RegOpenKeyExA", 0x8000_0001, ansi("None"), 0, 0x20119, allocate(8))).toContain("samDesired=KEY_READ|KEY_WOW64_64KEY");
  expect(last("RegSetValueExA", 0, 0, 0, 7, 0, 0)).toContain("dwType=REG_MULTI_SZ");
});

test("the C runtime's strings are shown, as far as a line can", () => {
  const { last, ansi, wide } = tracedGuest();
  expect(last("msvcrt!strcmp", ansi("one"), ansi("two"))).toBe('string1="one" string2="two" = -1');
  expect(last("msvcrt!wcslen", wide("länger"))).toBe('string="länger" = 6');
  expect(last("msvcrt!strlen", ansi("x".repeat(300)))).toBe(`string="${"x".repeat(120)}"… = 300`);
});

test("sockets are shown by family and kind, and addresses with their ports", () => {
  const { last, call, allocate, memory } = tracedGuest();
  call("WSAStartup", 0x202, allocate(500));
  expect(last("socket", 2, 1, 6)).toMatch(/^af=AF_INET type=SOCK_STREAM protocol=IPPROTO_TCP = 0x[0-9a-f]+\(StreamSocket\)$/);
  const at = allocate(28);
  memory.write(at, Uint8Array.of(2, 0, 0x1f, 0x90, 127, 0, 0, 1));
  expect(last("bind", -1, at, 16)).toMatch(/^s=INVALID_SOCKET name=\{127\.0\.0\.1:8080\} namelen=16/);
  memory.write(at, Uint8Array.of(23, 0, 0, 80, ...Array.from({ length: 19 }, () => 0), 1));
  expect(last("bind", -1, at, 28)).toContain("{[::1]:80}");
});

test("options of sockets are shown by the level beside them, buffers by their bytes, and codes by their names", () => {
  const { last, call, ansi, allocate } = tracedGuest();
  call("WSAStartup", 0x202, allocate(500));
  const socket = call("socket", 2, 1, 6) as number;
  const one = ansi("\x01");
  expect(last("setsockopt", socket, 0xffff, 4, one, 1)).toContain('level=SOL_SOCKET optname=SO_REUSEADDR optval="\\x01" optlen=1 = 0');
  expect(last("setsockopt", socket, 6, 1, one, 1)).toContain("level=IPPROTO_TCP optname=TCP_NODELAY");
  expect(last("setsockopt", socket, 41, 27, one, 1)).toContain("level=IPPROTO_IPV6 optname=IPV6_V6ONLY");
  expect(last("setsockopt", socket, 0xffff, 0x7777, one, 1)).toMatch(/optname=0x7777 .* = SOCKET_ERROR$/);
  expect(last("send", socket, ansi("abcdef"), 3, 0)).toContain('buf="abc" len=3');
  expect(last("WSAGetLastError")).toBe(" = WSAENOTCONN");
});

test("text between code pages is shown at both ends, as far as it is counted", () => {
  const { last, ansi, wide, allocate } = tracedGuest();
  const shown = last("MultiByteToWideChar", 65001, 8, ansi("abcdef"), 3, allocate(100), 50);
  expect(shown).toBe(
    'CodePage=CP_UTF8 dwFlags=MB_ERR_INVALID_CHARS lpMultiByteStr="abc" cbMultiByte=3 lpWideCharStr="abc" cchWideChar=50 = 3',
  );
  expect(last("MultiByteToWideChar", 1252, 0, ansi("ab"), -1, allocate(100), 50)).toMatch(
    /^CodePage=1252 .*lpMultiByteStr="ab" .*lpWideCharStr="ab" .* = 3$/,
  );
  expect(last("WideCharToMultiByte", 0, 0, wide("äb"), 1, allocate(9), 9, 0, 0)).toContain(
    'lpWideCharStr="ä" cchWideChar=1 lpMultiByteStr="\\xe4" cbMultiByte=9',
  );
  expect(last("LCMapStringW", 0x400, 0x200, wide("abc"), 2, allocate(9), 4)).toContain(
    'Locale=LOCALE_USER_DEFAULT dwMapFlags=LCMAP_UPPERCASE lpSrcStr="ab"',
  );
});

test("the process and the thread that ask are no invalid handles", () => {
  const { last } = tracedGuest();
  expect(last("GetCurrentProcess")).toBe(" = -1(this process)");
  expect(last("GetExitCodeProcess", -1, 0)).toMatch(/^hProcess=-1\(this process\)/);
  expect(last("GetThreadPriority", -2)).toBe("hThread=-2(this thread) = THREAD_PRIORITY_NORMAL");
  expect(last("CloseHandle", -1)).toContain("hObject=INVALID_HANDLE_VALUE");
});

test("structs for security, identifiers and rights are shown by what they say", () => {
  const { last, call, ansi, allocate, memory } = tracedGuest();
  const attributes = allocate(24);
  memory.setU32(attributes, 24);
  memory.setU32(attributes + 16, 1);
  expect(last("CreateEventA", attributes, 1, 0, 0)).toContain(
    "lpEventAttributes={nLength=24, lpSecurityDescriptor=NULL, bInheritHandle=TRUE}",
  );
  const place = allocate(8);
  expect(last("ConvertStringSidToSidA", ansi("S-1-5-32-544"), place)).toMatch(/Sid=\{0x[0-9a-f]+\{S-1-5-32-544\}\} = TRUE/);
  expect(last("GetLengthSid", memory.u32(place))).toBe("pSid={S-1-5-32-544} = 16");
  expect(last("OpenProcessToken", -1, 0x28, place)).toMatch(
    /DesiredAccess=TOKEN_QUERY\|TOKEN_ADJUST_PRIVILEGES TokenHandle=\{0x[0-9a-f]+\(Token\)\}/,
  );
  expect(last("OpenProcess", 0x400, 0, 77)).toContain("dwDesiredAccess=PROCESS_QUERY_INFORMATION bInheritHandle=FALSE dwProcessId=77");
  expect(call("GetLastError")).toBe(87);
});

test("times are dates, amounts decimal, and what is bits by its name hexadecimal", () => {
  const { last, allocate, memory } = tracedGuest();
  const time = allocate(8);
  memory.setU64(time, 132_223_104_000_000_000n);
  expect(last("FileTimeToSystemTime", time, allocate(16))).toContain(
    "lpFileTime={2020-01-01T00:00:00.000Z} lpSystemTime={wYear=2020, wMonth=1,",
  );
  expect(last("HeapAlloc", 0, 8, 4096)).toContain("dwFlags=HEAP_ZERO_MEMORY dwBytes=4096");
  expect(last("htons", 0x1f90)).toBe("hostshort=0x1f90 = 0x901f");
});

test("streams, characters and what printf is given are shown as C has them", () => {
  const { last, call, ansi, wide, allocate } = tracedGuest();
  const streams = call("msvcrt!__iob_func") as number;
  expect(last("msvcrt!fflush", streams + 48)).toBe("stream=stdout = 0");
  expect(last("msvcrt!toupper", 0x61)).toBe("c='a' = 65");
  expect(last("msvcrt!sprintf", allocate(99), ansi("%s|%5d|%ls|%#x|%c|%%"), ansi("one"), -7, wide("zwei"), 255, 65)).toContain(
    '"one", -7, "zwei", 0xff, \'A\' = ',
  );
});
