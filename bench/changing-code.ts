/**
 * What code costs that is made at run time: `npx tsx bench/changing-code.ts [--json]`. Small functions (mov eax, n; add eax, ecx; ret) are written one after
 * another to pages that are writable and executable, as just-in-time compilers do, and each is called once; then all are called again; then each is rewritten
 * and called. The time for one should not depend on how many there are.
 */
import { GuestMemory, PAGE } from "@decant/memory";
import { GPR, Machine, UNWIND } from "@decant/x86";

const CODE = 0x10_0000;
const POOL = 0x100_0000;
const STACK_TOP = 0x80_0000;
const SIZE = 16;

const memory = new GuestMemory();
memory.allocate(0x10000, PAGE.EXECUTE_READ, { at: CODE });
memory.allocate(0x10_0000, PAGE.READWRITE, { at: STACK_TOP - 0x10_0000 });
memory.allocate(0x100_0000, PAGE.EXECUTE_READWRITE, { at: POOL });
const machine = new Machine({
  memory,
  api: () => {
    machine.suspend();
    return UNWIND;
  },
});
machine.addStub(CODE, 0);

function call(address: number, argument: number): number {
  const { cpu } = machine;
  cpu.rip = address;
  cpu.rsp = STACK_TOP - 0x108;
  memory.setU64(cpu.rsp, BigInt(CODE));
  cpu.setGpr(GPR.rcx, BigInt(argument));
  for (;;) {
    const exit = machine.run();
    if (exit.kind === "suspend") return cpu.gpr32(GPR.rax);
    if (exit.kind === "fault") throw new Error(exit.fault.message);
  }
}

function write(at: number, n: number): void {
  memory.write(at, Uint8Array.of(0xb8, n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, 0, 0x01, 0xc8, 0xc3));
}

function time(count: number, body: (i: number) => void): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) body(i);
  return ((performance.now() - start) * 1000) / count;
}

function check(found: number, expected: number): void {
  if (found !== expected) throw new Error(`a stale translation ran: ${found} in place of ${expected}`);
}

const rows: { functions: number; "us: new": number; "us: again": number; "us: rewritten": number; "kB each": number }[] = [];
let written = 0;
for (const count of [1_000, 10_000]) {
  const at = (i: number): number => POOL + (written + i) * SIZE;
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const fresh = time(count, (i) => {
    write(at(i), i);
    check(call(at(i), 1), i + 1);
  });
  const kilobytes = (process.memoryUsage().rss - before) / 1024 / count;
  const again = time(count, (i) => check(call(at(i), 2), i + 2));
  const rewritten = time(count, (i) => {
    write(at(i), i + 100_000);
    check(call(at(i), 3), i + 100_003);
  });
  written += count;
  rows.push({ functions: count, "us: new": fresh, "us: again": again, "us: rewritten": rewritten, "kB each": kilobytes });
}
if (process.argv.includes("--json")) console.log(JSON.stringify({ rows, modules: machine.moduleCount }));
else {
  console.table(rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toFixed(1))]))));
  console.log(`places for modules used: ${machine.moduleCount}`);
}
