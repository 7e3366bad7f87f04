/**
 * A hooked API call through the whole typed path: `npx tsx bench/hooked-call.ts [--json]`. 96 functions in turn, each with its own body, of
 * six signatures; each call reads its arguments, stores one out-parameter, writes its result and pops its return address: with no hooks, with hooks on
 * functions elsewhere, and with one function of its own DLL traced, which is not called. No guest code runs: what the translated code adds (leaving and
 * entering WebAssembly) is not in the figure.
 */
import { api, Binding, BOOL, DWORD, fn, HANDLE, Hooks, implementFor, INT, LARGE_INTEGER, LPVOID, optional, out, Registry, REGISTER, singleByteCodec, SIZE_T, trace } from "@decant/hook"; // prettier-ignore
import type { CallingThread, FunctionDeclaration } from "@decant/hook";
import { CPU_BLOCK, GUEST_BASE, GuestMemory, PAGE } from "@decant/memory";
import { median, report, type Row } from "./report.ts";

const FUNCTIONS = 96;
const CALLS = 1_000_000;
const ROUNDS = 9;

const memory = new GuestMemory();
const registers = new Uint32Array(memory.wasm.buffer, CPU_BLOCK - GUEST_BASE, 256);
const buffer = memory.allocate(0x10000, PAGE.READWRITE) ?? 0;
const stack = buffer + 0x8000;
let returned = 0;

const shapes: [FunctionDeclaration, string][] = [
  [fn(BOOL, ["hFile", HANDLE], ["lpSize", out(LARGE_INTEGER)]), "(thread, hFile, lpSize) => { lpSize.set(hFile + I); return true; }"],
  [
    fn(BOOL, ["hFile", HANDLE], ["n", DWORD], ["lpCount", out(DWORD)]),
    "(thread, hFile, n, lpCount) => { lpCount.set(hFile + n + I); return true; }",
  ],
  [
    fn(DWORD, ["hFile", HANDLE], ["p", LPVOID], ["n", SIZE_T], ["lpCount", out(DWORD)]),
    "(thread, hFile, p, n, lpCount) => { lpCount.set(hFile + I); return n; }",
  ],
  [
    fn(BOOL, ["hFile", HANDLE], ["p", LPVOID], ["n", DWORD], ["lpCount", optional(out(DWORD))], ["o", LPVOID]),
    "(thread, hFile, p, n, lpCount, o) => { lpCount.set(hFile + I); return n > 3; }",
  ],
  [
    fn(LPVOID, ["hFile", HANDLE], ["lpCount", out(DWORD)], ["n", SIZE_T]),
    "(thread, hFile, lpCount, n) => { lpCount.set(hFile + I); return hFile; }",
  ],
  [fn(INT, ["a", INT], ["lpCount", out(INT)], ["c", DWORD]), "(thread, a, lpCount, c) => { lpCount.set(a + I); return c; }"],
];
/** Which argument of each shape is the out-parameter. */
const places = [REGISTER.rdx, REGISTER.r8, REGISTER.r9, REGISTER.r9, REGISTER.rdx, REGISTER.rdx];

const settings: Record<string, (hooks: Hooks) => void> = {
  "no hooks": () => undefined,
  "hooks on functions elsewhere": (hooks) => void hooks.hook("bench!Unrelated*", { enter() {} }),
  "another function of the DLL traced": (hooks) => void trace(hooks, "bench!traced", () => undefined),
};
const runs = Object.entries(settings).map(([what, set]) => ({ what, run: prepare(set), rounds: [] as number[] }));
for (let round = -2; round < ROUNDS; round++)
  for (const { run, rounds } of runs) {
    const ns = run();
    if (round >= 0) rounds.push(ns);
  }
const base = median(runs[0]!.rounds);
const rows: Row[] = runs.map(({ what, rounds }) => ({
  what,
  "median ns": median(rounds),
  "fastest ns": Math.min(...rounds),
  "/ no hooks": median(rounds) / base,
}));
report(`a hooked call, ${FUNCTIONS} functions in turn (aim: 60 ns)`, rows, returned === 0 ? [] : ["(the stack was written)"]);

/** Functions of their own for each setting: all would become slower with the first that is hooked if they shared their code. */
function prepare(set: (hooks: Hooks) => void): () => number {
  const hooks = new Hooks();
  set(hooks);
  const thread: CallingThread = { memory, registers, hooks, pointerSize: 8, ansi: singleByteCodec("windows-1252"), lastError: 0, errno: 0 };
  const registry = new Registry().add(implementFor<CallingThread>()(api("bench", { traced: fn(DWORD) }), { traced: () => 0 }));
  for (let i = 0; i < FUNCTIONS; i++) {
    const [declaration, source] = shapes[i % shapes.length]!;
    // Each body is compiled from a text of its own: one closure called 96 times would be easier than what programs do.
    // oxlint-disable-next-line no-eval -- the text is the one above
    const body: unknown = (0, eval)(source.replaceAll("I", String(i)));
    registry.add(implementFor<CallingThread>()(api("bench", { [`f${i}`]: declaration }), { [`f${i}`]: body } as object));
  }
  const binding = new Binding(registry, 8, hooks);
  const bind = (name: string) => {
    const target = registry.find("bench", name)?.target;
    if (target?.kind !== "function") throw new Error("not a function");
    return binding.bind(target.function);
  };
  bind("traced");
  const bound = Array.from({ length: FUNCTIONS }, (_, i) => bind(`f${i}`));
  return () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) {
      const index = i % FUNCTIONS;
      registers[REGISTER.rsp] = stack;
      registers[REGISTER.rcx] = 7;
      registers[REGISTER.rdx] = registers[REGISTER.r8] = registers[REGISTER.r9] = 5;
      registers[places[index % places.length]!] = buffer + 8 * index;
      if (bound[index]!.invoke(thread) !== undefined) throw new Error("a benchmark does not wait");
      const rsp = registers[REGISTER.rsp]!;
      returned += memory.u32(rsp);
      registers[REGISTER.rsp] = rsp + 8;
    }
    return ((performance.now() - start) * 1e6) / CALLS;
  };
}
