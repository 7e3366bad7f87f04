import { expect, expectTypeOf, test } from "vitest";
import { api, Binding, BOOL, bytesIn, bytesOut, calls, callTimes, DWORD, enumeration, ERROR, flags, fn, HANDLE, Hooks, implementFor, INT, LPCWSTR, NTSTATUS, NtError, out, Registry, STATUS, struct, text, trace, openCallText, traceText, TSTR, VARARGS, Win32Error, type CallingThread, type FunctionsOf, type Handle, type TracedCall } from "./index.ts"; // prettier-ignore
import { ControlTransfer } from "./types/failure.ts";
import { TestThread } from "./test-thread.ts";

const POINT = struct("POINT", { x: INT, y: INT });
const table = api("kernel32", {
  Add: fn(DWORD, ["a", DWORD], ["b", DWORD]),
  Other: fn(DWORD, ["a", DWORD]),
  Fail: fn(BOOL, ["code", DWORD]),
  Wait: fn(DWORD, ["n", DWORD]),
  Open: text(
    HANDLE,
    ["name", TSTR],
    ["share", flags("FILE_SHARE", { READ: 1, WRITE: 2, ALL: 3 })],
    ["how", enumeration("", { CREATE_NEW: 1, OPEN_EXISTING: 3 })],
  ),
  WriteFile: fn(BOOL, ["hFile", HANDLE], ["lpBuffer", bytesIn("n")], ["n", DWORD], ["lpWritten", out(DWORD)]),
  ReadFile: fn(BOOL, ["lpBuffer", bytesOut("lpRead")], ["lpRead", out(DWORD)]),
  GetPoint: fn(NTSTATUS, ["p", out(POINT)], ["name", LPCWSTR]),
  Log: fn(INT, ["n", DWORD], VARARGS),
});
const mapping = implementFor<CallingThread>()(table, {
  Add: (_thread, a, b) => a + b,
  Other: (thread, a): number => calls(mapping).Add(thread, a, 1),
  Fail(_thread, code) {
    throw code === 999 ? new Exit("exit") : new Win32Error(code);
  },
  *Wait(_thread, n) {
    yield "a wait";
    return n;
  },
  Open: () => 7 as Handle,
  WriteFile: (_thread, _hFile, _lpBuffer, n, lpWritten) => (lpWritten.set(n), true),
  ReadFile: (_thread, lpBuffer, lpRead) => (lpBuffer.write(Uint8Array.of(104, 105, 10)), lpRead.set(3), true),
  GetPoint(_thread, p, name) {
    if (name === undefined) throw new NtError(STATUS.OBJECT_NAME_INVALID);
    p.set({ x: 1, y: -2 });
    return 0;
  },
  Log: (_thread, n) => n,
});
const registry = new Registry().add(mapping);
class Exit extends ControlTransfer {}

function setUp() {
  const reports: string[] = [];
  const hooks = new Hooks<FunctionsOf<typeof table>>({ report: (message) => reports.push(message) });
  const binding = new Binding(registry, 8, hooks);
  const thread = new TestThread(8, hooks);
  const call = (name: string, ...args: number[]) => {
    const target = registry.find("kernel32", name)?.target;
    if (target?.kind !== "function") throw new Error(name);
    thread.place(...args);
    const waiting = binding.bind(target.function).invoke(thread);
    if (waiting !== undefined) return waiting;
    return Number(thread.rax);
  };
  return { hooks, binding, thread, call, reports };
}

test("enter sees typed arguments and may change them, leave may change the result", () => {
  const { hooks, call } = setUp();
  expect(call("Add", 1, 2)).toBe(3);
  const hook = hooks.hook("kernel32!Add", {
    enter({ args: given }) {
      expectTypeOf(given).toEqualTypeOf<{ a: number; b: number }>();
      given.a *= 10;
    },
    leave(_call, result) {
      expectTypeOf(result).toEqualTypeOf<number>();
      return result + 0.5 === 12.5 ? 99 : undefined;
    },
  });
  expect([call("Add", 1, 2), call("Add", 2, 2)]).toEqual([99, 22]);
  hook.remove();
  expect(call("Add", 1, 2)).toBe(3);
});

test("each argument has its own type, by its name", () => {
  const { hooks, call, thread } = setUp();
  hooks.hook("kernel32!Open", {
    enter({ args }) {
      expectTypeOf(args).toEqualTypeOf<{ name: string | undefined; share: number; how: number }>();
      args.name = args.name?.toUpperCase();
    },
  });
  expect(call("OpenW", thread.wide("x"), 1, 3)).toBe(7);
});

test("hooks run in order, and leave in reverse", () => {
  const { hooks, call } = setUp();
  const events: string[] = [];
  for (const name of ["a", "b"])
    hooks.hook("*Add*", { enter: () => void events.push(`+${name}`), leave: () => void events.push(`-${name}`) });
  call("Add", 1, 1);
  expect(events).toEqual(["+a", "+b", "-b", "-a"]);
});

test("a call from inside a mapping crosses the hook", () => {
  const { hooks, call } = setUp();
  const seen: unknown[] = [];
  hooks.hook("kernel32!Add", { enter: ({ args: { a, b } }) => void seen.push([a, b]), leave: () => 50 });
  expect(call("Other", 6)).toBe(50);
  expect(seen).toEqual([[6, 1]]);
});

test("functions that nothing hooks keep the body they had", () => {
  const { hooks, binding } = setUp();
  const target = registry.declared("kernel32", "Other")!;
  hooks.hook("kernel32!Add", {});
  expect(hooks.bodyOf(target)).toBe(target.body);
  expect(binding.bind(target).isHooked).toBe(false);
});

test("what is bound tells whether it is hooked, and that it is no more", () => {
  const { hooks, binding } = setUp();
  const bound = ["Add", "Other"].map((name) => binding.bind(registry.declared("kernel32", name)!));
  const areHooked = (): boolean[] => bound.map(({ isHooked }) => isHooked);
  const hook = hooks.hook("kernel32!Add", {});
  expect(areHooked()).toEqual([true, false]);
  hook.remove();
  hook.remove();
  expect(areHooked()).toEqual([false, false]);
});

test("enter may skip the call, with a result of its own", () => {
  const { hooks, call } = setUp();
  const seen: unknown[] = [];
  hooks.hook("kernel32!Add", { enter: (made) => made.skip(7), leave: (_call, result) => void seen.push(result) });
  hooks.replace("kernel32!Add", () => 1 / 0);
  expect([call("Add", 1, 2), seen]).toEqual([7, [7]]);
});

test("a replacement gets the arguments and may call the original", () => {
  const { hooks, call } = setUp();
  hooks.replace("kernel32!Add", ({ original }, a, b) => {
    expectTypeOf(a).toEqualTypeOf<number>();
    return Number(original(a, b)) * 2;
  });
  expect(call("Add", 4, 5)).toBe(18);
});

test("a failing replacement fails as its function does", () => {
  const { hooks, call, thread, reports } = setUp();
  hooks.replace("*!Fail", () => {
    throw new Win32Error(ERROR.BUSY);
  });
  expect([call("Fail", 5), thread.lastError, reports]).toEqual([0, ERROR.BUSY, []]);
});

test("a mistake in a hook is reported, and the call goes on", () => {
  const { hooks, call, reports } = setUp();
  const mistake = () => {
    throw new TypeError("oops");
  };
  hooks.hook("kernel32!Add", { enter: mistake, leave: mistake });
  hooks.replace("kernel32!Add", mistake);
  expect(call("Add", 1, 2)).toBe(3);
  expect(reports.map((report) => report.split(": ")[0])).toEqual([
    "the enter hook of kernel32!Add failed",
    "the replacement of kernel32!Add failed",
    "the leave hook of kernel32!Add failed",
  ]);
});

test("leave sees why a call failed, and may make a success of it", () => {
  const { hooks, call, thread } = setUp();
  const seen: unknown[] = [];
  const hook = hooks.hook("kernel32!Fail", { leave: ({ error }, result) => void seen.push([(error as Win32Error).code, result]) });
  expect([call("Fail", 2), thread.lastError]).toEqual([0, 2]);
  expect(seen).toEqual([[2, false]]);
  hook.remove();
  hooks.hook("kernel32!Fail", { leave: () => true });
  expect(call("Fail", 2)).toBe(1);
});

test("a thread that ends in a call is seen as unwound, and nothing holds its end up", () => {
  const { hooks, call, reports } = setUp();
  const seen: string[] = [];
  hooks.hook("*", { leave: () => void seen.push("leave"), unwound: ({ name }) => void seen.push(name) });
  expect(() => call("Fail", 999)).toThrow(Exit);
  const waiting = call("Wait", 5);
  if (typeof waiting === "number") throw new Error("did not wait");
  waiting.next();
  waiting.return();
  expect([seen, reports]).toEqual([["kernel32!Fail", "kernel32!Wait"], []]);
});

test("leave comes when a waiting call has ended", () => {
  const { hooks, call, thread } = setUp();
  hooks.hook("kernel32!Wait", { leave: (_call, result) => result + 1 });
  const waiting = call("Wait", 5);
  if (typeof waiting === "number") throw new Error("did not wait");
  waiting.next();
  waiting.next();
  expect(thread.rax).toBe(6n);
});

test("a hook that makes the call itself does not see it", () => {
  const { hooks, call, thread } = setUp();
  hooks.hook("kernel32!Add", { leave: (_call, result) => result + calls(mapping).Add(thread, 100, 0) });
  expect(call("Add", 1, 1)).toBe(102);
});

test.each([
  ["kernel32!add", ["Add"]],
  ["Open", ["OpenA", "OpenW"]],
  ["kernel32.dll!*File", ["WriteFile", "ReadFile"]],
  ["*File,Add,-kernel32!Write*", ["Add", "ReadFile"]],
  ["ntdll!*", []],
  ["-*e*,-*o*", ["Add", "Fail", "Wait"]],
])("the pattern %s", (pattern, names) => {
  const { hooks } = setUp();
  hooks.hook(pattern, {});
  const matching = [...registry.functions()].filter((target) => hooks.matches(target)).map(({ name }) => name);
  expect(matching.sort()).toEqual([...names].sort());
});

test("the trace prints calls by the meaning of their types", () => {
  const { hooks, call, thread } = setUp();
  const lines: string[] = [];
  trace(hooks, "*", (traced) => lines.push(traceText(traced).replaceAll(/0x[0-9a-f]{5,}/g, "@")));
  const [buffer, count, point] = [thread.bytes('a "b"\n\x01'), thread.allocate(4), thread.allocate(8)];
  call("Add", 1, 100);
  call("OpenW", thread.wide("C:\\x"), 3, 3);
  call("OpenA", 0, 0x11, 9);
  call("WriteFile", -1, buffer, 7, count);
  call("WriteFile", 0x7c, 0x50, 7, 0);
  call("ReadFile", buffer, count);
  call("GetPoint", point, thread.wide("p"));
  call("GetPoint", point, 0);
  call("Fail", 6);
  call("Log", 1, 2);
  call("Other", 5);
  expect(lines).toEqual([
    "kernel32!Add(a=1, b=100) = 101",
    'kernel32!OpenW(name="C:\\\\x", share=FILE_SHARE_ALL, how=OPEN_EXISTING) = 0x7',
    "kernel32!OpenA(name=NULL, share=FILE_SHARE_READ|0x10, how=9) = 0x7",
    'kernel32!WriteFile(hFile=INVALID_HANDLE_VALUE, lpBuffer=@"a \\"b\\"\\n\\x01", n=7, lpWritten=@{7}) = TRUE',
    "kernel32!WriteFile(hFile=0x7c, lpBuffer=0x50?, n=7, lpWritten=NULL) = FALSE [ERROR_INVALID_PARAMETER]",
    'kernel32!ReadFile(lpBuffer=@"hi\\n", lpRead=@{3}) = TRUE',
    'kernel32!GetPoint(p=@{x=1, y=-2}, name="p") = STATUS_SUCCESS',
    "kernel32!GetPoint(p=@, name=NULL) = STATUS_OBJECT_NAME_INVALID",
    "kernel32!Fail(code=6) = FALSE [ERROR_INVALID_HANDLE]",
    "kernel32!Log(n=1, …) = 1",
    "kernel32!Add(a=5, b=1) = 6",
    "kernel32!Other(a=5) = 6",
  ]);
});

test("the trace tells when and how deep a call was, whether it failed, and whether it came back", () => {
  const { hooks, call } = setUp();
  let clock = 0;
  const traced: TracedCall[] = [];
  const opened: string[] = [];
  trace(hooks, "*", (done) => traced.push(done), { now: () => clock++, onOpen: (open) => opened.push(openCallText(open)) });
  call("Other", 5);
  expect(opened).toEqual(["kernel32!Other(a=5) {"]);
  expect(traced.map(({ wasOpen }) => wasOpen)).toEqual([false, true]);
  call("Fail", 6);
  expect(() => call("Fail", 999)).toThrow("exit");
  expect(
    traced.map(({ name, depth, startMs, durationMs, failed, error, returned }) => [
      name,
      depth,
      startMs,
      durationMs,
      failed,
      error,
      returned,
    ]),
  ).toEqual([
    ["kernel32!Add", 1, 1, 1, false, undefined, true],
    ["kernel32!Other", 0, 0, 3, false, undefined, true],
    ["kernel32!Fail", 0, 4, 1, true, "ERROR_INVALID_HANDLE", true],
    ["kernel32!Fail", 0, 6, 1, false, undefined, false],
  ]);
});

test("calls are counted, and their time is told from that of the calls inside of them", () => {
  const { hooks, call } = setUp();
  let clock = 0;
  const { table: times, remove } = callTimes(hooks, "*", () => clock++);
  call("Other", 1);
  call("Other", 2);
  call("Fail", 6);
  remove();
  call("Add", 1, 2);
  expect([...times.values()]).toEqual([
    { name: "kernel32!Add", calls: 2, failures: 0, totalMs: 2, ownMs: 2 },
    { name: "kernel32!Other", calls: 2, failures: 0, totalMs: 6, ownMs: 4 },
    { name: "kernel32!Fail", calls: 1, failures: 1, totalMs: 1, ownMs: 1 },
  ]);
});

test("a fault is injected into the call that was asked for, as the function's own failure", () => {
  const { hooks, call, thread } = setUp();
  const [buffer, count] = [thread.bytes("text"), thread.allocate(4)];
  const write = (): number => Number(call("WriteFile", 1, buffer, 4, count));
  const hook = hooks.fail("kernel32!WriteFile", { nth: 2, error: ERROR.DISK_FULL });
  expect([write(), write(), thread.lastError, write()]).toEqual([1, 0, ERROR.DISK_FULL, 1]);
  hook.remove();
  hooks.fail("*GetPoint", { always: true, error: new NtError(STATUS.NO_MEMORY) });
  const point = thread.allocate(8);
  expect([call("GetPoint", point, buffer), call("GetPoint", point, buffer)]).toEqual([STATUS.NO_MEMORY, STATUS.NO_MEMORY]);
});
