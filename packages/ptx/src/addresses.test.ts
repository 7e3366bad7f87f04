import { describe, expect, test } from "vitest";
import { Harness } from "./harness.ts";
import { FAULT } from "./index.ts";

const kernel = (body: string): string => `.version 8.5
.target sm_90
.address_size 64
.global .align 4 .u32 module_data[4];
.const .align 4 .u32 constant_data[4] = {1, 2, 3, 4};
.visible .entry k(.param .u64 p)
{
.reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .pred %p<9>;
.shared .align 4 .b8 own[128];
.local .align 4 .b8 mine[16];
ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd2, %rd1, %rd2;
${body}
ret;
}`;

/** The words that the threads of a launch leave in a buffer of one word a thread. */
function words(body: string, compiler: "reference" | "vector", grid = 1): number[] {
  const out = new Uint32Array(32 * grid);
  new Harness(kernel(body), { compiler }).run("k", [out], { grid: [grid], block: [32] });
  return [...out];
}

/** Bits 0 to 3: whether the address in %rd9 is global, shared, local, constant. */
const spaces = ["global", "shared", "local", "const"]
  .map((space, at) => `isspacep.${space} %p1, %rd9; selp.u32 %r9, ${1 << at}, 0, %p1; or.b32 %r8, %r8, %r9;`)
  .join("\n");

test("addresses that are made of each other take no longer to look into than others", () => {
  const again = Array.from({ length: 20 }, () => "sub.s64 %rd4, %rd4, %rd5; sub.s64 %rd5, %rd4, %rd5;").join("\n");
  const sums = Array.from({ length: 13 }, (_, i) => `add.s64 %rd${i + 7}, %rd${i + 6}, %rd${i + 6};`).join("\n");
  const body = `${again}\nmov.u64 %rd6, %rd4; ${sums} and.b64 %rd19, %rd19, 0; add.s64 %rd2, %rd2, %rd19; st.global.u32 [%rd2], %r1;`;
  expect(words(body, "vector")).toEqual(Array.from({ length: 32 }, (_, i) => i));
}, 5000);

for (const compiler of ["reference", "vector"] as const) {
  test.each([
    ["a buffer", "mov.b64 %rd9, %rd1;", 1],
    ["a module's variable", "mov.u64 %rd8, module_data; cvta.global.u64 %rd9, %rd8;", 1],
    ["shared memory", "mov.u64 %rd8, own; cvta.shared.u64 %rd9, %rd8;", 2],
    ["a thread's own place in shared memory", "mov.u64 %rd8, own; cvta.shared.u64 %rd9, %rd8; mad.wide.u32 %rd9, %r1, 4, %rd9;", 2],
    ["local memory", "mov.u64 %rd8, mine; cvta.local.u64 %rd9, %rd8;", 4],
    ["constant memory", "mov.u64 %rd8, constant_data; cvta.const.u64 %rd9, %rd8;", 8],
  ])(`isspacep tells %s, by the ${compiler} form`, (_, address, expected) => {
    expect(words(`mov.u32 %r8, 0; ${address}\n${spaces}\nst.global.u32 [%rd2], %r8;`, compiler)).toEqual(
      Array.from({ length: 32 }, () => expected),
    );
  });

  test.each(["shared", "shared::cta", "shared::cluster"])(`a generic address of .%s, by the ${compiler} form`, (space) => {
    const body = `mov.u64 %rd4, own; mad.wide.u32 %rd4, %r1, 4, %rd4; cvta.${space}.u64 %rd5, %rd4; add.u32 %r4, %r1, 100;
st.${space}.u32 [%rd4], %r4; ld.u32 %r5, [%rd5]; add.u32 %r5, %r5, 1; st.u32 [%rd5], %r5; cvta.to.${space}.u64 %rd6, %rd5;
ld.${space}.u32 %r6, [%rd6]; st.global.u32 [%rd2], %r6;`;
    expect(words(body, compiler)).toEqual(Array.from({ length: 32 }, (_, i) => 101 + i));
  });

  test(`cvta to a space and back leaves an address as it was, by the ${compiler} form`, () => {
    const trip = ["shared own", "shared::cta own", "shared::cluster own", "local mine", "global module_data", "const constant_data"]
      .map((pair, at) => {
        const [space = "", name = ""] = pair.split(" ");
        return `mov.u64 %rd4, ${name}; cvta.${space}.u64 %rd5, %rd4; cvta.to.${space}.u64 %rd6, %rd5; setp.eq.u64 %p1, %rd6, %rd4; selp.u32 %r9, ${1 << at}, 0, %p1; or.b32 %r8, %r8, %r9;`;
      })
      .join("\n");
    expect(words(`mov.u32 %r8, 0;\n${trip}\nst.global.u32 [%rd2], %r8;`, compiler)).toEqual(Array.from({ length: 32 }, () => 63));
  });

  test(`a block without a cluster is one of its own: mapa and getctarank, by the ${compiler} form`, () => {
    const body = `mov.u32 %r2, own; mad.lo.u32 %r2, %r1, 4, %r2; mapa.shared::cluster.u32 %r3, %r2, 0;
add.u32 %r4, %r1, 100; st.shared.u32 [%r2], %r4; ld.shared::cluster.u32 %r5, [%r3];
getctarank.shared::cluster.u32 %r6, %r3; mad.lo.u32 %r5, %r6, 1000, %r5; st.global.u32 [%rd2], %r5;`;
    expect(words(body, compiler)).toEqual(Array.from({ length: 32 }, (_, i) => 100 + i));
  });

  test(`what is written before a fence is seen by the block that counts last, by the ${compiler} form`, () => {
    // Each block writes its words, fences and counts; the last one adds all words up (threadFenceReduction of the programming guide).
    const body = `mov.u32 %r2, %ctaid.x; mad.lo.u32 %r3, %r2, 32, %r1; mul.wide.u32 %rd3, %r3, 4; add.s64 %rd3, %rd1, %rd3;
add.u32 %r4, %r3, 1; st.global.u32 [%rd3], %r4; membar.gl; fence.acq_rel.gpu; fence.sc.sys; bar.sync 0;
setp.ne.u32 %p1, %r1, 0; @%p1 bra end; atom.global.inc.u32 %r5, [module_data], 7; setp.ne.u32 %p2, %r5, 7; @%p2 bra end;
membar.sys; mov.u32 %r6, 0; mov.u32 %r7, 0;
loop: mul.wide.u32 %rd4, %r6, 4; add.s64 %rd4, %rd1, %rd4; ld.volatile.global.u32 %r8, [%rd4]; add.u32 %r7, %r7, %r8;
add.u32 %r6, %r6, 1; setp.lt.u32 %p3, %r6, 256; @%p3 bra loop;
st.global.u32 [%rd1], %r7;
end:`;
    expect(words(body, compiler, 8)[0]).toBe((256 * 257) / 2);
  });

  test(`registers of 128 bits are loaded, packed, unpacked and stored, by the ${compiler} form`, () => {
    const wide = (body: string): string => kernel(`.reg .b128 %q<4>; mul.wide.u32 %rd3, %r1, 16; add.s64 %rd3, %rd3, %rd1;\n${body}`);
    const run = (body: string, words = 40): { out: Uint32Array; harness: Harness; run(): void } => {
      const harness = new Harness(wide(body), { compiler });
      const out = Uint32Array.from({ length: words }, (_, i) => 100 + i);
      return { out, harness, run: () => harness.run("k", [out], { block: [8] }) };
    };
    const swap = run(`ld.global.b128 %q0, [%rd3+16]; mov.b128 {%rd4, %rd5}, %q0; mov.b128 %q1, {%rd5, %rd4}; mov.b128 %q2, %q1;
      setp.eq.u32 %p1, %r1, 3; @%p1 mov.b128 %q2, %q0; bar.sync 0; st.global.b128 [%rd3], %q2;`);
    swap.run();
    const expected = Array.from({ length: 40 }, (_, i) => (i >= 32 ? 100 + i : 104 + (i >> 2 === 3 ? i : i ^ 2)));
    expect([...swap.out]).toEqual(expected);
    for (const [offset, kind, thread] of [
      [8, FAULT.misalignedAddress, 0],
      [48, FAULT.illegalAddress, 7],
    ] as const) {
      const bad = run(`ld.global.b128 %q0, [%rd3+${offset}]; st.global.b128 [%rd3], %q0;`);
      expect(() => bad.run(), `offset ${offset}`).toThrow();
      expect(bad.harness.fault, `offset ${offset}`).toMatchObject({ kind, thread });
    }
  });

  describe(`exchanges of 128 bits, by the ${compiler} form:`, () => {
    const wide = (body: string): Harness => new Harness(kernel(`.reg .b128 %q<4>; ${body}`), { compiler });

    test.each(["global", "shared", "generic"])("atom.exch in %s memory gives each thread what one before it has put there", (space) => {
      const out = new BigUint64Array(2 * 33).fill(7n);
      const address = space === "shared" ? "cvta.to.shared.u64 %rd4, %rd4;" : "";
      const body = `mov.u64 %rd4, own; cvta.shared.u64 %rd4, %rd4; ${space === "global" ? "add.u64 %rd4, %rd1, 512;" : address}
mov.b64 %rd5, {%r1, 1}; mov.b64 %rd6, {2, %r1}; mov.b128 %q0, {%rd5, %rd6}; mov.b64 %rd7, 7; mov.b128 %q2, {%rd7, %rd7};
setp.eq.u32 %p1, %r1, 0; @%p1 st${space === "generic" ? "" : `.${space}`}.b128 [%rd4], %q2; bar.sync 0;
atom${space === "generic" ? "" : `.${space}`}.exch.b128 %q1, [%rd4], %q0; bar.sync 0; mul.wide.u32 %rd3, %r1, 16; add.u64 %rd3, %rd1, %rd3;
st.global.b128 [%rd3], %q1; @%p1 ld${space === "generic" ? "" : `.${space}`}.b128 %q2, [%rd4]; @%p1 st.global.b128 [%rd1+512], %q2;`;
      wide(body).run("k", [out], { block: [32] });
      const pairs = Array.from({ length: 33 }, (_, i) => `${out[2 * i]} ${out[2 * i + 1]}`);
      const put = Array.from({ length: 32 }, (_, i) => `${BigInt(i) + (1n << 32n)} ${2n + (BigInt(i) << 32n)}`);
      expect(pairs.toSorted()).toEqual(["7 7", ...put].toSorted());
    });

    test("loops of atom.cas lose nothing, and one whose value is not there changes nothing", () => {
      const out = new BigUint64Array(4);
      const body = `ld.relaxed.gpu.global.b128 %q0, [%rd1];
again: mov.b128 {%rd4, %rd5}, %q0; add.u64 %rd4, %rd4, 1; sub.u64 %rd5, %rd5, 3; mov.b128 %q1, {%rd4, %rd5};
atom.acq_rel.gpu.global.cas.b128 %q2, [%rd1], %q0, %q1; mov.b128 {%rd6, %rd7}, %q0; mov.b128 {%rd8, %rd9}, %q2; mov.b128 %q0, %q2;
setp.ne.u64 %p1, %rd6, %rd8; @%p1 bra again; setp.ne.u64 %p1, %rd7, %rd9; @%p1 bra again;
mov.u64 %rd4, 0; mov.u64 %rd5, -1; mov.b128 %q1, {%rd4, %rd5}; atom.global.cas.b128 _, [%rd1+16], %q1, %q1;
mov.b128 %q2, {%rd4, %rd4}; mov.u64 %rd5, 5; mov.b128 %q3, {%rd5, %rd4}; atom.global.cas.b128 %q0, [%rd1+16], %q3, %q1; mov.b128 {%rd4, %rd5}, %q0;
setp.ne.u64 %p1, %rd4, 0; @%p1 trap;`;
      wide(body).run("k", [out], { grid: [5], block: [32] });
      expect([...out]).toEqual([160n, BigInt.asUintN(64, -480n), 0n, 0n]);
    });

    test("loads and stores with an order are whole, as exchanges", () => {
      const out = BigUint64Array.of(3n, 4n, 0n, 0n, 0n, 0n);
      wide(
        `ld.acquire.gpu.global.b128 %q0, [%rd1]; st.release.gpu.global.b128 [%rd1+16], %q0; ld.volatile.b128 %q1, [%rd1+16]; st.volatile.b128 [%rd1+32], %q1;`,
      ).run("k", [out]);
      expect([...out]).toEqual([3n, 4n, 3n, 4n, 3n, 4n]);
    });

    test.each([
      [8, FAULT.misalignedAddress],
      [32, FAULT.illegalAddress],
    ])("one at byte %d of 32 ends the kernel", (offset, kind) => {
      const harness = wide(`ld.global.b128 %q0, [%rd1]; atom.global.exch.b128 %q1, [%rd1+${offset}], %q0;`);
      expect(() => harness.run("k", [new BigUint64Array(4)])).toThrow();
      expect(harness.fault).toMatchObject({ kind, thread: 0 });
    });
  });

  test.each([
    ["v8.b32", "{%r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9}"],
    ["v4.b64", "{%rd5, %rd6, %rd7, %rd8}"],
  ])(`accesses of 256 bits, ld and st.global.%s, by the ${compiler} form`, (type, registers) => {
    const copy = (offset: number, threads = 8): { out: Uint32Array; run(): void; harness: Harness } => {
      const body = `mul.wide.u32 %rd3, %r1, 32; add.s64 %rd3, %rd3, %rd1; ld.global.${type} ${registers}, [%rd3+${offset}]; bar.sync 0; st.global.${type} [%rd3], ${registers};`;
      const harness = new Harness(kernel(body), { compiler });
      const out = Uint32Array.from({ length: 8 * 9 }, (_, i) => 100 + i);
      return { out, harness, run: () => harness.run("k", [out], { block: [threads] }) };
    };
    const good = copy(32);
    good.run();
    expect([...good.out]).toEqual(Array.from({ length: 72 }, (_, i) => (i < 64 ? 108 + i : 100 + i)));
    for (const [offset, threads, kind, thread] of [
      [16, 8, FAULT.misalignedAddress, 0],
      [8, 8, FAULT.misalignedAddress, 0],
      [64, 8, FAULT.illegalAddress, 7],
      [-32, 8, FAULT.illegalAddress, 0],
    ] as const) {
      const bad = copy(offset, threads);
      expect(() => bad.run(), `offset ${offset}`).toThrow();
      expect(bad.harness.fault, `offset ${offset}`).toMatchObject({ kind, thread });
    }
  });
}

test.each([
  ["ld.shared.v8.b32 {%r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9}, [own];", "accesses of 256 bits need .global"],
  ["ld.global.v4.b64 {%rd5, %rd6, %rd7}, [%rd1];", "'ld' needs a vector of 4"],
  ["ld.global.v8.b64 {%rd2, %rd3, %rd4, %rd5, %rd6, %rd7, %rd8, %rd9}, [%rd1];", "no .v8 of .b64"],
  ["ld.global.v8.b16 {%r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9}, [%rd1];", "no .v8 of .b16"],
  [".reg .b128 %q<2>; atom.global.and.b128 %q0, [%rd1], %q1;", "'.and' does not go with .b128"],
  [".reg .b128 %q<2>; atom.global.cas.b128 %q0, [%rd1], %q1;", "wrong operands for 'atom'"],
  [".reg .b128 %q<2>; red.global.exch.b128 [%rd1], %q1;", "type .b128 is not translated yet"],
  [".reg .b128 %q<2>; mov.b128 %q0, {%r1, %r2};", "a value of 128 bits is a register, or two of type .b64"],
  [".reg .b128 %q<2>; mov.b64 %q0, %q1;", "type .b128 is not translated yet"],
  ["add.f32x2 %rd1, %rd1, 1;", "operands of .f32x2 are registers of type .b64"],
  ["fma.f32x2 %rd1, %rd1, %rd1, %rd1;", "fma needs a rounding mode"],
])("%s is refused", (body, reason) => {
  expect(() => new Harness(kernel(body))).toThrow(reason);
});
