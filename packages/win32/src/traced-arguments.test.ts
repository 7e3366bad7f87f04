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
