import { expect, test } from "vitest";
import { alias, api, Binding, cell, calls, comInterface, data, DWORD, fn, forward, GUID, guidText, HANDLE, Hooks, HRESULT, implementFor, INT, IUnknown, LPCWSTR, ordinal, out, Registry, text, TSTR, UnknownFunctionError, waitingCalls, type CallingThread } from "./index.ts"; // prettier-ignore
import { TestThread } from "./test-thread.ts";

const implement = implementFor<CallingThread>();
const fileApi = api("kernel32", {
  CreateFile: text(HANDLE, ["lpFileName", TSTR]),
  ReadFile: fn(DWORD, ["n", DWORD]),
  Missing: fn(INT, ["hFile", HANDLE], ["name", LPCWSTR]),
  HeapAlloc: forward("ntdll.RtlAllocateHeap"),
  OpenFile: alias("CreateFileA"),
});
const file = implement(fileApi, {
  CreateFile: (_thread, lpFileName) => (lpFileName?.length ?? 0) as never,
  *ReadFile(_thread, n) {
    yield "a wait";
    return n + 1;
  },
});
const registry = new Registry()
  .add(
    file,
    implement(api("kernel32", { GetTickCount: ordinal(3, fn(DWORD)) }), { GetTickCount: () => 42 }),
    api(["msvcrt", "ucrtbase"], { _fmode: data(INT, 7), exit: fn(INT) }),
  )
  .aliasDll("api-ms-win-core-file-l1-1-0", "kernel32");

test("exports are sorted by name and numbered around declared ordinals, and hold only what there is", () => {
  expect(registry.exports("KERNEL32.dll").map(({ name, ordinal, target }) => [name, ordinal, target.kind])).toEqual([
    ["CreateFileA", 1, "function"],
    ["CreateFileW", 2, "function"],
    ["GetTickCount", 3, "function"],
    ["HeapAlloc", 4, "forward"],
    ["OpenFile", 5, "function"],
    ["ReadFile", 6, "function"],
  ]);
});

test("functions are found by name, by ordinal and through api sets; those only declared are not", () => {
  expect(registry.find("kernel32", "CreateFileW")?.name).toBe("CreateFileW");
  expect(registry.find("kernel32", "createfilew")).toBeUndefined();
  expect(registry.find("api-ms-win-core-file-l1-1-0.dll", 3)?.name).toBe("GetTickCount");
  expect(registry.find("kernel32", "Missing")).toBeUndefined();
  expect(registry.find("gdi32", "Missing")).toBeUndefined();
  expect(registry.declared("kernel32", "Missing")?.fullName).toBe("kernel32!Missing");
});

test("an alias has its target's function", () => {
  expect(registry.find("kernel32", "OpenFile")?.target).toBe(registry.find("kernel32", "CreateFileA")?.target);
});

test("a variable has its type and first value in each of its DLLs", () => {
  expect(registry.find("ucrtbase", "_fmode")?.target).toEqual({ kind: "data", type: INT, initial: 7 });
  expect(registry.find("msvcrt", "_fmode")?.target).toEqual({ kind: "data", type: INT, initial: 7 });
});

test("coverage counts what is declared and names what is missing", () => {
  expect(registry.coverage()).toEqual([
    { dll: "kernel32", declared: 5, implemented: 4, missing: ["Missing"] },
    { dll: "msvcrt", declared: 1, implemented: 0, missing: ["exit"] },
    { dll: "ucrtbase", declared: 1, implemented: 0, missing: ["exit"] },
  ]);
});

test("a DLL that is added for later is made when it is asked for, and not before", () => {
  let made = 0;
  const registry = new Registry().addLater("late.dll", () => {
    made++;
    return [implement(api("late", { Answer: fn(DWORD) }), { Answer: () => 42 })];
  });
  expect(registry.resolveDll("LATE.DLL")).toBe("late");
  expect(registry.find("kernel32", "Answer")).toBe(undefined);
  expect(made).toBe(0);
  expect(registry.find("late", "Answer")?.name).toBe("Answer");
  expect(registry.exports("late")).toHaveLength(1);
  expect(registry.dlls()).toEqual(["late"]);
  expect(made).toBe(1);
});

test("two bodies for one function are an error", () => {
  const twice = implement(api("kernel32", { GetTickCount: fn(DWORD) }), { GetTickCount: () => 1 });
  expect(() => new Registry().add(twice, implement(twice.table, { GetTickCount: () => 2 })).exports("kernel32")).toThrow(
    "kernel32!GetTickCount is implemented twice",
  );
});

test("a function declared in one topic may be implemented in another", () => {
  const other = implement(api("kernel32", { Missing: fn(INT) }), { Missing: () => 1 });
  expect(new Registry().add(file, other).coverage()[0]?.missing).toEqual([]);
  expect(new Registry().add(other, file).coverage()[0]?.missing).toEqual([]);
});

test("calling a declared function without a mapping says what was called, with its arguments, and from where", () => {
  const thread = Object.assign(new TestThread(), { describeAddress: (address: number) => `app.exe+0x${address.toString(16)}` });
  thread.place(0x7c, thread.wide("name"));
  thread.memory.setU64(thread.stack, 0x1234n);
  const bound = new Binding(registry, 8).unknown("KERNEL32.dll", "Missing");
  expect(bound.isCallable).toBe(false);
  expect(() => bound.invoke(thread)).toThrow(
    'kernel32!Missing(hFile=0x7c, name="name") from app.exe+0x1234; this function is declared but not implemented',
  );
});

test("calling one that nobody declared shows the words of its arguments", () => {
  const thread = new TestThread();
  thread.place(1, 2n ** 63n, 3, 4, 5);
  const { invoke } = new Binding(registry, 8).unknown("user32", "MessageBoxA");
  expect(() => invoke(thread)).toThrow(UnknownFunctionError);
  expect(() => invoke(thread)).toThrow("user32!MessageBoxA(0x1, 0x8000000000000000, 0x3, 0x4, …) from 0x0; this function is not mapped");
});

test("a hook may supply a function that is unknown, and take it away again", () => {
  const thread = new TestThread();
  const hooks = new Hooks();
  const binding = new Binding(registry, 8, hooks);
  const bound = binding.unknown("user32", "GetSystemMetrics");
  const stub = hooks.stub("user32!GetSystemMetrics", 1080);
  bound.invoke(thread);
  expect([thread.rax, bound.isCallable, binding.isSupplied("user32", "GetSystemMetrics")]).toEqual([1080n, true, true]);
  stub.remove();
  expect(binding.isSupplied("user32", "GetSystemMetrics")).toBe(false);
  expect(() => bound.invoke(thread)).toThrow(UnknownFunctionError);
});

test("mappings call mappings by type, and waiting ones from generators", () => {
  const thread = new TestThread();
  expect(calls(file).CreateFile(thread, "four")).toBe(4);
  expect(() => calls(file).ReadFile(thread, 1)).toThrow("kernel32!ReadFile waits");
  expect(() => calls(file).Missing(thread, 0 as never, "")).toThrow(UnknownFunctionError);
  const waiting = waitingCalls(file).ReadFile(thread, 1);
  expect(waiting.next().value).toBe("a wait");
  expect(waiting.next()).toEqual({ done: true, value: 2 });
});

test("a cell is an out-parameter outside the guest", () => {
  const size = implement(api("kernel32", { Size: fn(INT, ["size", out(DWORD)]) }), { Size: (_thread, to) => (to.set(9), 0) });
  const to = cell(0);
  calls(size).Size(new TestThread(), to);
  expect(to.get()).toBe(9);
});

test("an interface's methods follow its base's, each with the object first", () => {
  const IPersist = comInterface("IPersist", "0000010c-0000-0000-C000-000000000046", IUnknown, {
    GetClassID: fn(HRESULT, ["pClassID", out(GUID)]),
  });
  const persist = implement(IPersist.table, {
    GetClassID(_thread, self, pClassID) {
      pClassID.set({ Data1: self, Data4: Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 0x46) });
      return 0;
    },
  });
  const made = new Registry().add(persist);
  const target = made.find("IPersist", "GetClassID")?.target;
  const thread = new TestThread();
  const at = thread.allocate(16);
  thread.place(0x10c, at);
  if (target?.kind === "function") target.function.invoke(8)?.(thread);
  expect(guidText(GUID.load(thread, at))).toBe(IPersist.iid);
  expect(Object.keys(IPersist.methods)).toEqual(["QueryInterface", "AddRef", "Release", "GetClassID"]);
});
