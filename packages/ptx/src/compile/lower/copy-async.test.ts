import { describe, expect, test } from "vitest";
import { Harness } from "../../harness.ts";
import { FAULT } from "../../index.ts";

const kernel = (copy: string): string => `.version 8.5
.target sm_80
.address_size 64
.shared .align 16 .b8 s[1024];
.visible .entry k(.param .u64 out, .param .u64 in) {
.reg .b32 %r<9>; .reg .b64 %rd<6>;
ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [in]; mov.u32 %r1, %tid.x;
mul.wide.u32 %rd3, %r1, 8; add.s64 %rd1, %rd1, %rd3; add.s64 %rd2, %rd2, %rd3;
shl.b32 %r2, %r1, 3; mov.u32 %r3, s; add.u32 %r2, %r2, %r3; st.shared.v2.u32 [%r2], {%r1, %r1};
${copy}
cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
ld.shared.v2.u32 {%r4, %r5}, [%r2]; st.global.v2.u32 [%rd1], {%r4, %r5};
ret;
}`;

describe.each(["reference", "vector"] as const)("cp.async with the %s compiler:", (compiler) => {
  const source = Uint32Array.from({ length: 32 }, (_, i) => 100 + i);
  const run = (copy: string, input = source): { out: number[]; harness: Harness } => {
    const out = new Uint32Array(32);
    const harness = new Harness(kernel(copy), { compiler });
    harness.run("k", [out, input], { block: [16] });
    return { out: [...out], harness };
  };

  test("copies to shared memory", () => {
    expect(run("cp.async.ca.shared.global [%r2], [%rd2], 8;").out).toEqual([...source]);
  });

  test("copies 4 bytes and no more", () => {
    expect(run("cp.async.ca.shared.global [%r2], [%rd2], 4;").out).toEqual(
      Array.from(source, (value, i) => (i % 2 === 0 ? value : i >> 1)),
    );
  });

  test("fills with zeros what the source size leaves, to all of it", () => {
    expect(run("cp.async.ca.shared.global [%r2], [%rd2], 8, 4;").out).toEqual(Array.from(source, (value, i) => (i % 2 === 0 ? value : 0)));
    expect(run("cp.async.ca.shared.global [%r2], [%rd2], 8, 0;").out).toEqual(Array.from(source, () => 0));
  });

  test("a source out of bounds faults", () => {
    const harness = new Harness(kernel("cp.async.ca.shared.global [%r2], [%rd2+8], 8;"), { compiler });
    expect(() => harness.run("k", [new Uint32Array(32), source], { block: [16] })).toThrow();
    expect(harness.fault).toMatchObject({ kind: FAULT.illegalAddress, thread: 15 });
  });
});
