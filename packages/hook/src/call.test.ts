import * as fc from "fast-check";
import { MemoryLimitError } from "@decant/memory";
import { describe, expect, test } from "vitest";
import { api, convention, fn, implementFor, Registry, text, textAs, type AnyType, type Declaration } from "./index.ts";
import { Win32Error, NtError, CrtError, HresultError } from "./errors/error-classes.ts";
import { ERROR, E, ERRNO, STATUS } from "./index.ts";
import { TestThread } from "./test-thread.ts";
import {
  array, arrayIn, BOOL, BOOLEAN, BYTE, BYTES, CHAR, codeResult, cuResultOf, DOUBLE, DWORD, errno, ERRNO_T, FLOAT, HANDLE, handleOr, HRESULT, in_, infallible, inout, INT, INVALID_HANDLE_VALUE,
  LARGE_INTEGER, LONGLONG, LPCSTR, LPCWSTR, LSTATUS, NTSTATUS, OPAQUE, optional, orElse, out, PVOID, required, SIZE_T, SHORT, SSIZE_T, struct, TBUF, tchars, TSTR, ULONGLONG, VARARGS, VA_LIST, VOID, WORD,
  type CallingThread, type Out, type TextBuffer, type Handle, type VarArgs,
} from "./index.ts"; // prettier-ignore

const implement = implementFor<CallingThread>();

/** Calls one function as the guest would, and returns what its body was given, besides the thread. */
function received(thread: TestThread, declaration: Declaration, result: unknown = 0): unknown[] {
  let given: unknown[] = [];
  run(thread, declaration, (_thread: CallingThread, ...args: unknown[]) => {
    given = args;
    return result;
  });
  return given;
}

// oxlint-disable-next-line no-explicit-any -- each test's body knows what its declaration gives it
function run(thread: TestThread, declaration: Declaration, body: (thread: CallingThread, ...args: any[]) => unknown, name = "f") {
  const registry = new Registry().add(implement(api("test", { f: declaration }), { f: body } as object));
  const target = registry.find("test", name)?.target;
  if (target?.kind !== "function") throw new Error("not a function");
  const waiting = target.function.invoke(thread.pointerSize)?.(thread);
  return { waiting, popBytes: target.function.signature(thread.pointerSize).layout.popBytes };
}

const CURESULT = codeResult(DWORD, "CUresult", cuResultOf, String);

describe("integers", () => {
  const cases: [AnyType, bigint, unknown][] = [
    [DWORD, 0xffff_ffff_8000_0001n, 0x80000001],
    [INT, 0x1234_5678_8000_0001n, -0x7fffffff],
    [BOOL, 0x1_0000_0000n, false],
    [BOOL, 2n, true],
    [BOOLEAN, 0x100n, false],
    [BYTE, 0x1ffn, 0xff],
    [CHAR, 0x1ffn, -1],
    [WORD, 0x1_8000n, 0x8000],
    [SHORT, 0x1_8000n, -0x8000],
    [HANDLE, 0xffff_ffff_ffff_ffffn, -1],
    [PVOID, 0x1_4000_1000n, 0x4000_1000],
    [SIZE_T, 0x1_0000_0001n, 2 ** 32 + 1],
    [SSIZE_T, 0xffff_ffff_ffff_fffen, -2],
    [LARGE_INTEGER, 0xffff_ffff_0000_0000n, -(2 ** 32)],
    [LONGLONG, 0xffff_ffff_ffff_ffffn, -1n],
    [ULONGLONG, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn],
    [OPAQUE, 0x8000_0000_0000_0001n, 0x8000_0000_0000_0001n],
  ];
  test.each(cases)("%o in a register and on the stack", (type, word, value) => {
    const thread = new TestThread();
    thread.place(word, 0, 0, 0, word, word);
    const declaration = fn(VOID, ["a", type], ["b", DWORD], ["c", DWORD], ["d", DWORD], ["e", type], ["f", type]);
    expect(received(thread, declaration)).toEqual([value, 0, 0, 0, value, value]);
  });

  test("any ten words arrive in order", () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.array(word, { minLength: 0, maxLength: 10 }), (words) => {
        const thread = new TestThread();
        thread.place(...words);
        expect(received(thread, fn(VOID, ...words.map((_, index) => [`p${index}`, ULONGLONG] as const)))).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  test("in 32 bits, 64-bit integers and doubles take two words of the stack, and stdcall pops them all", () => {
    const thread = new TestThread(4);
    thread.place(1, 0xffff_fffe, 0xffff_ffff, 7);
    thread.memory.setF64(thread.stack + 20, 2.5);
    let given: unknown[] = [];
    const { popBytes } = run(thread, fn(LONGLONG, ["a", SIZE_T], ["b", LONGLONG], ["c", OPAQUE], ["d", DOUBLE]), (_thread, ...args) => {
      given = args;
      return -3n;
    });
    expect(given).toEqual([1, -2n, 7n, 2.5]);
    expect(popBytes).toBe(24);
    expect([thread.registers[0], thread.registers[4]]).toEqual([0xffff_fffd, 0xffff_ffff]);
  });

  test("fastcall takes two words from ecx and edx, thiscall one, cdecl pops nothing", () => {
    const parameters = [
      ["a", DWORD],
      ["b", LONGLONG],
      ["c", DWORD],
      ["d", DWORD],
    ] as const;
    const seen = (["fastcall", "thiscall", "cdecl", "stdcall"] as const).map((name) => {
      const thread = new TestThread(4);
      thread.place(10, 11, 12, 13, 14);
      thread.setRegister(2, 100n);
      thread.setRegister(4, 200n);
      let given: unknown[] = [];
      const { popBytes } = run(thread, convention(name, fn(VOID, ...parameters)), (_thread, ...args) => void (given = args));
      return [name, popBytes, ...given];
    });
    const wide = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low);
    expect(seen).toEqual([
      ["fastcall", 12, 100, wide(10, 11), 200, 12],
      ["thiscall", 16, 100, wide(10, 11), 12, 13],
      ["cdecl", 0, 10, wide(11, 12), 13, 14],
      ["stdcall", 20, 10, wide(11, 12), 13, 14],
    ]);
  });
});

describe("results", () => {
  const cases: [AnyType, unknown, bigint][] = [
    [BOOL, true, 1n],
    [BOOL, 5, 5n],
    [DWORD, 0xffff_ffff, 0xffff_ffffn],
    [INT, -1, 0xffff_ffffn],
    [HANDLE, -1, 0xffff_ffff_ffff_ffffn],
    [HANDLE, 0x7c, 0x7cn],
    [PVOID, 0x8000_0000, 0x8000_0000n],
    [SIZE_T, 2 ** 33, 2n ** 33n],
    [LARGE_INTEGER, -5, 2n ** 64n - 5n],
    [ULONGLONG, 2n ** 64n - 1n, 2n ** 64n - 1n],
    [SHORT, -2, 0xffff_fffen],
  ];
  test.each(cases)("%o", (type, value, rax) => {
    const thread = new TestThread();
    thread.setRegister(0, 0xdead_beef_dead_beefn);
    run(thread, fn(type), () => value);
    expect(thread.rax).toBe(rax);
  });

  test("a function without a result leaves rax alone", () => {
    const thread = new TestThread();
    thread.setRegister(0, 77n);
    run(thread, fn(VOID), () => undefined);
    expect(thread.rax).toBe(77n);
  });

  test("a pointer into an image above 4 GiB gets its high half", () => {
    const thread = Object.assign(new TestThread(), { pointerHigh: (address: number) => (address >= 0x4000_0000 ? 1 : 0) });
    run(thread, fn(PVOID), () => 0x4000_1000);
    expect(thread.rax).toBe(0x1_4000_1000n);
  });
});

describe("floating point", () => {
  test("positions choose the register, whatever stands beside", () => {
    const thread = new TestThread();
    thread.place(1, 2, 3, 4);
    thread.setXmm(1, 1.5);
    thread.setXmm(3, -2);
    thread.memory.setF64(thread.stack + 40, 9.25);
    const given = received(thread, fn(DOUBLE, ["a", INT], ["b", DOUBLE], ["c", INT], ["d", DOUBLE], ["e", DOUBLE]));
    expect(given).toEqual([1, 1.5, 3, -2, 9.25]);
  });

  test("a float takes the low half, and comes back so", () => {
    const thread = new TestThread();
    thread.setXmm(0, 0);
    new Float32Array(thread.registers.buffer, thread.registers.byteOffset + 0x100, 1)[0] = 0.5;
    run(thread, fn(FLOAT, ["x", FLOAT]), (_thread, x: number) => x * 3);
    expect(new Float32Array(thread.registers.buffer, thread.registers.byteOffset + 0x100, 1)[0]).toBe(1.5);
  });

  test("a double comes back in xmm0, or on the x87 stack", () => {
    const [wide, narrow] = [new TestThread(), new TestThread(4)];
    run(wide, fn(DOUBLE), () => Math.PI);
    run(narrow, fn(DOUBLE), () => Math.PI);
    expect(wide.xmm0).toBe(Math.PI);
    expect(narrow.floats).toEqual([Math.PI]);
  });
});

describe("structs by value", () => {
  const SMALL = struct("SMALL", { a: SHORT, b: BYTE });
  const EIGHT = struct("EIGHT", { quot: INT, rem: INT });
  const LARGE = struct("LARGE", { a: INT, b: LONGLONG });

  test("eight bytes travel in a register, or in a stack slot", () => {
    const thread = new TestThread();
    const word = (7n << 32n) | 0xffff_ffffn;
    thread.place(word, 0, 0, 0, word);
    const given = received(thread, fn(VOID, ["a", EIGHT], ["b", INT], ["c", INT], ["d", INT], ["e", EIGHT]));
    expect([given[0], given[4]]).toEqual([
      { quot: -1, rem: 7 },
      { quot: -1, rem: 7 },
    ]);
  });

  test("other sizes travel by reference", () => {
    const thread = new TestThread();
    const at = thread.allocate(16);
    LARGE.store(thread, at, { a: 5, b: -6n });
    thread.place(at);
    expect(received(thread, fn(VOID, ["a", LARGE]))).toEqual([{ a: 5, b: -6n }]);
  });

  test("in 32 bits they lie on the stack, rounded up to words", () => {
    const thread = new TestThread(4);
    thread.place(0x0003_fffe, 9);
    const { popBytes } = run(thread, fn(VOID, ["a", SMALL], ["b", INT]), (_thread, a, b) => expect([a, b]).toEqual([{ a: -2, b: 3 }, 9]));
    expect(popBytes).toBe(8);
  });

  test("eight bytes come back in rax, more where the caller says, which moves the arguments on", () => {
    const thread = new TestThread();
    run(thread, fn(EIGHT, ["a", INT]), () => ({ quot: 3, rem: -1 }));
    expect(thread.rax).toBe(0xffff_ffff_0000_0003n);
    const at = thread.allocate(16);
    thread.place(at, 42);
    run(thread, fn(LARGE, ["a", INT]), (_thread, a: number) => ({ a, b: 8n }));
    expect(LARGE.load(thread, at)).toEqual({ a: 42, b: 8n });
    expect(thread.rax).toBe(BigInt(at));
  });
});

describe("variable arguments", () => {
  test("those in registers and on the stack are read in a row, doubles by their integer copies", () => {
    const thread = new TestThread();
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, 6.5);
    thread.place(thread.bytes("%d"), -1, bits.getBigUint64(0), 0x1_0000_0000n, 0xffff_ffff_0000_0005n, 2n ** 63n);
    run(thread, fn(INT, ["format", LPCSTR], VARARGS), (_thread, format: string, rest: VarArgs) => {
      expect([format, rest.int(), rest.double(), rest.pointer(), rest.uint(), rest.int64()]).toEqual(["%d", -1, 6.5, 0, 5, -(2n ** 63n)]);
      return 0;
    });
  });

  test("a va_list goes on where the address says", () => {
    const thread = new TestThread();
    const at = thread.allocate(32);
    thread.memory.setU64(at, 3n);
    thread.memory.setF64(at + 8, 0.25);
    thread.place(at);
    const [list] = received(thread, fn(INT, ["args", VA_LIST])) as [VarArgs];
    expect([list.int(), list.double(), list.address]).toEqual([3, 0.25, at + 16]);
  });

  test("in 32 bits they follow the named ones, and the caller pops", () => {
    const thread = new TestThread(4);
    thread.place(1, 2, 3, 4);
    const { popBytes } = run(thread, fn(INT, ["a", INT], VARARGS), (_thread, _a, rest: VarArgs) => {
      expect([rest.int(), rest.uint64()]).toEqual([2, (4n << 32n) | 3n]);
      return 0;
    });
    expect(popBytes).toBe(0);
  });
});

describe("pointers", () => {
  const POINT = struct("POINT", { x: INT, y: INT });

  test("an out-parameter stores by its type, and NULL fails unless it is optional", () => {
    const thread = new TestThread();
    const at = thread.allocate(16);
    thread.memory.fill(at, 0xee, 16);
    thread.place(at, 0);
    run(thread, fn(BOOL, ["size", out(LARGE_INTEGER)], ["p", optional(out(POINT))]), (_thread, size, p) => {
      size.set(2 ** 40);
      p.set({ x: 1 });
      return true;
    });
    expect(thread.memory.u64(at)).toBe(2n ** 40n);
    thread.place(0);
    run(thread, fn(BOOL, ["n", out(DWORD)]), (_thread, n) => (n.set(1), true));
    expect([thread.rax, thread.lastError]).toEqual([0n, ERROR.INVALID_PARAMETER]);
  });

  test("set zeroes fields that are left out, update leaves them", () => {
    const thread = new TestThread();
    const at = thread.allocate(8);
    thread.place(at);
    POINT.store(thread, at, { x: 1, y: 2 });
    run(thread, fn(VOID, ["p", inout(POINT)]), (_thread, p) => p.update({ x: 9 }));
    expect(POINT.load(thread, at)).toEqual({ x: 9, y: 2 });
    run(thread, fn(VOID, ["p", inout(POINT)]), (_thread, p) => p.set({ x: 8 }));
    expect(POINT.load(thread, at)).toEqual({ x: 8, y: 0 });
  });

  test("a struct that is read is a copy; NULL is undefined only when it may be", () => {
    const thread = new TestThread();
    const at = thread.allocate(8);
    POINT.store(thread, at, { x: 1, y: -2 });
    thread.place(at, 0);
    expect(received(thread, fn(VOID, ["a", in_(POINT)], ["b", optional(in_(POINT))]))).toEqual([{ x: 1, y: -2 }, undefined]);
    thread.place(0);
    run(thread, fn(BOOL, ["a", in_(POINT)]), () => true);
    expect([thread.rax, thread.lastError]).toEqual([0n, ERROR.INVALID_PARAMETER]);
  });

  test("bytes and arrays are read and written as far as the body asks", () => {
    const thread = new TestThread();
    const at = thread.allocate(32);
    thread.place(at, at);
    run(thread, fn(VOID, ["p", BYTES], ["a", arrayIn(HANDLE)]), (_thread, p, a) => {
      p.write(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 7));
      expect(a.read(2)).toEqual([-1, 7]);
      expect(p.read(9)[8]).toBe(7);
    });
  });

  test("a bad pointer fails with ERROR_NOACCESS where the result can fail, and goes on where it cannot", () => {
    const thread = new TestThread();
    thread.place(0x20);
    const read = (_thread: CallingThread, p: { read(length: number): Uint8Array }) => p.read(4).length;
    run(thread, fn(BOOL, ["p", BYTES]), read);
    expect([thread.rax, thread.lastError]).toEqual([0n, ERROR.NOACCESS]);
    expect(() => run(thread, fn(INT, ["p", BYTES]), read)).toThrow("no read access");
    expect(() => run(thread, fn(infallible(PVOID), ["p", BYTES]), read)).toThrow("no read access");
  });
});

describe("text", () => {
  const name = text(BOOL, ["lpName", TSTR], ["lpBuffer", TBUF], ["n", DWORD]);

  test("one body serves A and W", () => {
    const thread = new TestThread();
    const buffer = thread.allocate(64);
    const body = (_thread: CallingThread, lpName: string, lpBuffer: TextBuffer, n: number) => lpBuffer.write(`${lpName}!`, n).needed;
    thread.place(thread.bytes("caf\u00e9"), buffer, 6);
    run(thread, name, body, "fA");
    expect([thread.rax, [...thread.memory.read(buffer, 6)]]).toEqual([6n, [0x63, 0x61, 0x66, 0xe9, 0x21, 0]]);
    thread.place(thread.wide("\u4f60"), buffer, 3);
    run(thread, name, body, "fW");
    expect([thread.rax, thread.memory.wstring(buffer)]).toEqual([3n, "\u4f60!"]);
  });

  test("a pair may have names of its own", () => {
    const thread = new TestThread();
    thread.place(thread.wide("w"));
    run(thread, textAs("fopen", "_wfopen", PVOID, ["name", TSTR]), (_thread, given: string) => (given === "w" ? 0x1000 : 0), "_wfopen");
    expect(thread.rax).toBe(0x1000n);
  });

  test("text that does not fit is not written, or cut, as the body asks", () => {
    const thread = new TestThread();
    const at = thread.allocate(16);
    thread.place(at);
    run(
      thread,
      text(VOID, ["b", TBUF]),
      (_thread, b) => {
        expect(b.write("abcd", 4)).toEqual({ written: 0, needed: 5 });
        expect(thread.memory.u8(at)).toBe(0);
        expect(b.write("abc", 4)).toEqual({ written: 3, needed: 4 });
        expect(b.writeTruncated("wxyz", 3)).toEqual({ written: 2, needed: 5 });
        expect(b.read()).toBe("wx");
        expect(b.writeUnterminated("12345", 3)).toBe(3);
        expect([b.text(4), b.read()]).toEqual(["123\0", "123"]);
      },
      "fA",
    );
  });

  test("characters that the code page lacks become question marks", () => {
    const thread = new TestThread();
    const at = thread.allocate(16);
    thread.place(at);
    run(thread, text(VOID, ["b", TBUF]), (_thread, b) => b.write("\u4f60\u20ac", 8), "fA");
    expect([...thread.memory.read(at, 3)]).toEqual([0x3f, 0x80, 0]);
  });

  test("NULL is undefined, and fails where a string is required", () => {
    const thread = new TestThread();
    thread.place(0);
    expect(received(thread, fn(VOID, ["s", LPCWSTR]))).toEqual([undefined]);
    run(thread, fn(BOOL, ["s", required(LPCWSTR)]), () => true);
    expect([thread.rax, thread.lastError]).toEqual([0n, ERROR.INVALID_PARAMETER]);
  });

  test("structs have a variant too", () => {
    const thread = new TestThread();
    const DATA = struct("DATA", { n: WORD, name: tchars(4), list: array(BYTE, 2) });
    const at = thread.allocate(32);
    const body = (_thread: CallingThread, p: Out<object>) => p.set({ n: 1, name: "abcdef", list: [8, 9] });
    for (const [variant, bytes] of [
      ["fA", "1 0 61 62 63 0 8 9"],
      ["fW", "1 0 61 0 62 0 63 0 0 0 8 9"],
    ] as const) {
      thread.place(at);
      run(thread, text(VOID, ["p", out(DATA)]), body, variant);
      expect(Array.from(thread.memory.read(at, bytes.split(" ").length), (byte) => byte.toString(16)).join(" ")).toBe(bytes);
    }
  });
});

describe("failures", () => {
  const cases: [string, AnyType, unknown, bigint, Partial<{ lastError: number; errno: number }>][] = [
    ["BOOL", BOOL, new Win32Error(ERROR.FILE_NOT_FOUND), 0n, { lastError: ERROR.FILE_NOT_FOUND }],
    ["a handle", handleOr(INVALID_HANDLE_VALUE), new Win32Error(ERROR.ACCESS_DENIED), 2n ** 64n - 1n, { lastError: ERROR.ACCESS_DENIED }],
    ["a value", orElse(DWORD, 0xffff_ffff), new NtError(STATUS.SHARING_VIOLATION), 0xffff_ffffn, { lastError: ERROR.SHARING_VIOLATION }],
    ["a pointer", PVOID, hostError("ENOMEM"), 0n, { lastError: ERROR.NOT_ENOUGH_MEMORY }],
    ["LSTATUS", LSTATUS, hostError("ENOENT"), BigInt(ERROR.FILE_NOT_FOUND), {}],
    ["HRESULT", HRESULT, new Win32Error(ERROR.ACCESS_DENIED), BigInt(E.ACCESSDENIED), {}],
    ["HRESULT of its own", HRESULT, new HresultError(E.NOINTERFACE), BigInt(E.NOINTERFACE), {}],
    ["NTSTATUS", NTSTATUS, new Win32Error(ERROR.FILE_NOT_FOUND), BigInt(STATUS.OBJECT_NAME_NOT_FOUND), {}],
    ["NTSTATUS of the host", NTSTATUS, hostError("ENOTEMPTY"), BigInt(STATUS.DIRECTORY_NOT_EMPTY), {}],
    ["errno", errno(INT, -1), new CrtError(ERRNO.EDOM), 0xffff_ffffn, { errno: ERRNO.EDOM }],
    [
      "errno of a Win32 error",
      errno(PVOID, 0),
      new Win32Error(ERROR.PATH_NOT_FOUND),
      0n,
      { errno: ERRNO.ENOENT, lastError: ERROR.PATH_NOT_FOUND },
    ],
    ["errno_t", ERRNO_T, hostError("EEXIST"), BigInt(ERRNO.EEXIST), { errno: ERRNO.EEXIST, lastError: ERROR.FILE_EXISTS }],
    ["errno of a heap", errno(PVOID, 0), new MemoryLimitError(1024), 0n, { errno: ERRNO.ENOMEM }],
    ["CUresult", CURESULT, Object.assign(new Error("no device"), { cuResult: 100 }), 100n, {}],
    ["CUresult of a bad pointer", CURESULT, hostError("EFAULT"), 1n, {}],
  ];
  test.each(cases)("%s", (_, type, error, rax, effects) => {
    const thread = new TestThread();
    run(thread, fn(type), () => {
      throw error;
    });
    expect(thread.rax).toBe(rax);
    expect({ lastError: thread.lastError, errno: thread.errno }).toEqual({ lastError: 0, errno: 0, ...effects });
  });

  test("a mistake in an implementation is not a failure of the API", () => {
    const thread = new TestThread();
    const mistake = () => {
      throw new TypeError("undefined is not a function");
    };
    expect(() => run(thread, fn(BOOL), mistake)).toThrow(TypeError);
    expect(thread.lastError).toBe(0);
  });

  test("success leaves last error alone", () => {
    const thread = new TestThread();
    thread.lastError = 5;
    run(thread, fn(BOOL), () => true);
    expect(thread.lastError).toBe(5);
  });
});

describe("waiting", () => {
  test("a generator's result and failure reach the guest when it ends", () => {
    const thread = new TestThread();
    const { waiting } = run(thread, fn(BOOL, ["n", DWORD]), function* () {
      const answer: unknown = yield "a wait";
      if (answer === "fail") throw new Win32Error(ERROR.TIMEOUT);
      return 3;
    });
    expect(waiting?.next().value).toBe("a wait");
    expect(waiting?.next("done")).toEqual({ done: true, value: undefined });
    expect(thread.rax).toBe(3n);
    const second = run(thread, fn(BOOL), function* () {
      yield "a wait";
      throw new Win32Error(ERROR.TIMEOUT);
    }).waiting;
    second?.next();
    second?.next();
    expect([thread.rax, thread.lastError]).toEqual([0n, ERROR.TIMEOUT]);
  });

  test("a plain body may wait only sometimes", () => {
    const thread = new TestThread();
    function* slow() {
      yield 1;
      return 8;
    }
    const body = (_thread: CallingThread, isSlow: boolean) => (isSlow ? slow() : 7);
    thread.place(0);
    expect(run(thread, fn(DWORD, ["slow", BOOL]), body).waiting).toBeUndefined();
    expect(thread.rax).toBe(7n);
    thread.place(1);
    const { waiting } = run(thread, fn(DWORD, ["slow", BOOL]), body);
    waiting?.next();
    waiting?.next();
    expect(thread.rax).toBe(8n);
  });

  test("closing it runs its finally blocks and writes no result", () => {
    const thread = new TestThread();
    let isClosed = false;
    const { waiting } = run(thread, fn(BOOL), function* () {
      try {
        yield 1;
      } finally {
        isClosed = true;
      }
      return true;
    });
    thread.setRegister(0, 55n);
    waiting?.next();
    waiting?.return();
    expect([isClosed, thread.rax]).toEqual([true, 55n]);
  });
});

function hostError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test("handles are branded", () => {
  const handle: Handle = INVALID_HANDLE_VALUE;
  expect(handle).toBe(-1);
});
