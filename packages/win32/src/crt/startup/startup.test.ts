import { INT, PVOID, STATUS } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { directory } from "../../kernel32/directory.ts";
import { file } from "../../kernel32/file.ts";
import { crt } from "../index.ts";

function runtime(options: { commandLine?: string; environment?: Record<string, string> } = {}) {
  return guest({ topics: [...crt, file, directory], ...options });
}

test("__getmainargs gives arguments and environment", () => {
  const { call, out, memory } = runtime({ commandLine: 'test.exe "a b" c', environment: { FOO: "bar" } });
  const [argc, argv, env] = [out(INT), out(PVOID), out(PVOID)];
  expect(call("msvcrt!__getmainargs", argc, argv, env, 0, 0)).toBe(0);
  expect(argc.value).toBe(3);
  const strings = (table: number, count: number) => Array.from({ length: count }, (_, i) => memory.cstring(memory.u32(table + 8 * i)));
  expect(strings(argv.value, 3)).toEqual(["test.exe", "a b", "c"]);
  expect(memory.u64(argv.value + 24)).toBe(0n);
  expect(strings(env.value, 1)).toEqual(["FOO=bar"]);
});

test("__getmainargs expands wildcards when it is asked to, and keeps what matches nothing", () => {
  const { call, out, memory, ansi } = runtime({ commandLine: "test.exe *.txt *.none" });
  for (const name of ["b.txt", "a.txt"]) call("msvcrt!fclose", call("msvcrt!fopen", ansi(name), ansi("w")));
  const [argc, argv] = [out(INT), out(PVOID)];
  call("msvcrt!__getmainargs", argc, argv, out(PVOID), 1, 0);
  const list = Array.from({ length: argc.value }, (_, i) => memory.cstring(memory.u32(argv.value + 8 * i)));
  expect(list).toEqual(["test.exe", "a.txt", "b.txt", "*.none"]);
});

test("exit runs the exit functions, newest first, then writes the streams", () => {
  const { call, ansi, callback, process, host } = runtime();
  const order: string[] = [];
  call(
    "msvcrt!_onexit",
    callback(() => void order.push("first")),
  );
  call(
    "msvcrt!_onexit",
    callback(() => void order.push("second")),
  );
  call("msvcrt!puts", ansi("text"));
  call("msvcrt!exit", 300);
  expect(order).toEqual(["second", "first"]);
  expect(host.stdout.text()).toBe("text\r\n");
  expect(process.ending).toMatchObject({ kind: "exit", exitCode: 300 });
});

test("_exit runs no exit functions, and abort ends with 3", () => {
  const first = runtime();
  let runs = 0;
  first.call(
    "msvcrt!_onexit",
    first.callback(() => void runs++),
  );
  first.call("msvcrt!_exit", 6);
  expect([runs, first.process.ending?.exitCode]).toEqual([0, 6]);
  const second = runtime();
  second.call("msvcrt!abort");
  expect(second.process.ending?.exitCode).toBe(3);
});

test("_initterm calls what is there, and _initterm_e stops at the first error", () => {
  const { call, callback, allocate, memory } = runtime();
  const called: number[] = [];
  const table = allocate(32);
  [1, 0, 2, 3].forEach((result, index) => {
    const func = callback(() => {
      called.push(result);
      return result === 2 ? 7 : 0;
    });
    memory.setU64(table + 8 * index, BigInt(result === 0 ? 0 : func));
  });
  call("msvcrt!_initterm", table, table + 32);
  expect(called).toEqual([1, 2, 3]);
  expect(call("ucrtbase!_initterm_e", table, table + 32)).toBe(7);
  expect(called).toEqual([1, 2, 3, 1, 2]);
});

test("an onexit table grows, and runs backwards once", () => {
  const { call, callback, allocate } = runtime();
  const table = allocate(24);
  const order: number[] = [];
  expect(call("ucrtbase!_initialize_onexit_table", table)).toBe(0);
  for (let i = 0; i < 40; i++)
    call(
      "ucrtbase!_register_onexit_function",
      table,
      callback(() => void order.push(i)),
    );
  call("ucrtbase!_execute_onexit_table", table);
  call("ucrtbase!_execute_onexit_table", table);
  expect(order).toEqual(Array.from({ length: 40 }, (_, i) => 39 - i));
});

test("signal handlers run once, and unknown signals fail", () => {
  const { call, callback, process, memory } = runtime();
  const seen: number[] = [];
  const handler = callback((signal) => void seen.push(Number(signal)));
  expect(call("msvcrt!signal", 15, handler)).toBe(0);
  expect(call("msvcrt!raise", 15)).toBe(0);
  expect(seen).toEqual([15]);
  expect([call("msvcrt!signal", 99, handler), memory.i32(call("msvcrt!_errno"))]).toEqual([-1, 22]);
  call("msvcrt!raise", 15);
  expect(process.ending?.exitCode).toBe(3);
});

// The codes are float.h's: _FPE_ZERODIVIDE, _FPE_MULTIPLE_TRAPS.
test("an exception that reaches the runtime's filter runs its signal's handler, once, with the kind of a floating-point exception", () => {
  const { call, callback } = runtime();
  const seen: number[][] = [];
  const handler = callback((signal, code) => void seen.push([Number(signal), Number(code)]));
  expect(call("msvcrt!_XcptFilter", STATUS.FLOAT_DIVIDE_BY_ZERO, 0)).toBe(0);
  call("msvcrt!signal", 8, handler);
  expect([call("msvcrt!_XcptFilter", STATUS.FLOAT_DIVIDE_BY_ZERO, 0), call("msvcrt!_XcptFilter", STATUS.FLOAT_DIVIDE_BY_ZERO, 0)]).toEqual([-1, 0]);
  call("msvcrt!signal", 8, handler);
  expect(call("ucrtbase!_seh_filter_exe", STATUS.FLOAT_MULTIPLE_TRAPS, 0)).toBe(-1);
  call("msvcrt!signal", 11, 1);
  expect([call("msvcrt!_XcptFilter", STATUS.ACCESS_VIOLATION, 0), call("msvcrt!_XcptFilter", STATUS.INTEGER_DIVIDE_BY_ZERO, 0)]).toEqual([-1, 0]);
  expect(seen).toEqual([[8, 0x83], [8, 0x8d]]);
}); // prettier-ignore

test("the environment changes for getenv, environ and both widths", () => {
  const { call, ansi, wide, memory } = runtime({ environment: { Path: "C:\\" } });
  expect(memory.cstring(call("msvcrt!getenv", ansi("PATH")))).toBe("C:\\");
  expect(call("msvcrt!_putenv", ansi("ABC=def"))).toBe(0);
  expect(memory.wstring(call("ucrtbase!_wgetenv", wide("abc")))).toBe("def");
  call("msvcrt!_putenv", ansi("ABC="));
  expect(call("msvcrt!getenv", ansi("ABC"))).toBe(0);
  expect(call("msvcrt!_putenv", ansi("=x"))).toBe(-1);
});
