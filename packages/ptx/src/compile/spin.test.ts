import { describe, expect, test } from "vitest";
import { Harness } from "../harness.ts";

const kernel = (body: string): string => `.version 8.5
.target sm_80
.address_size 64
.shared .align 4 .b8 lock[4];
.shared .align 4 .b8 flag[4];
.shared .align 4 .b8 sum[4];
.visible .entry k(.param .u64 out) {
.reg .b32 %r<9>; .reg .b64 %rd<4>; .reg .pred %p<4>;
ld.param.u64 %rd1, [out]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd1, %rd1, %rd2;
setp.eq.u32 %p1, %r1, 0; @!%p1 bra start; st.shared.u32 [lock], 0; st.shared.u32 [flag], 0; st.shared.u32 [sum], 0; start: bar.sync 0;
${body}
ret;
}`;

describe.each(["reference", "vector"] as const)(
  "threads of a block that wait for each other in a loop come on, with the %s compiler:",
  (compiler) => {
    const run = (body: string, threads = 64): number[] => {
      const out = new Uint32Array(threads);
      new Harness(kernel(body), { compiler }).run("k", [out], { block: [threads] });
      return [...out];
    };

    test("the first thread waits for a flag that the last one sets", () => {
      const results = run(`setp.eq.u32 %p1, %r1, 63; @%p1 bra set; setp.ne.u32 %p1, %r1, 0; @%p1 bra end;
      wait: ld.volatile.shared.u32 %r2, [flag]; setp.eq.u32 %p2, %r2, 0; @%p2 bra wait; st.global.u32 [%rd1], %r2; bra end;
      set: st.volatile.shared.u32 [flag], 77;
      end:`);
      expect(results[0]).toBe(77);
    });

    test("a lock that is held across the wait for another thread", () => {
      // Each thread takes the lock when its turn has come, adds, and passes the turn on, from the last thread to the first.
      const results = run(`sub.u32 %r3, 63, %r1;
      again: atom.shared.cas.b32 %r2, [lock], 0, 1; setp.ne.u32 %p1, %r2, 0; @%p1 bra again;
      ld.volatile.shared.u32 %r4, [flag]; setp.eq.u32 %p2, %r4, %r3; @%p2 bra mine;
      atom.shared.exch.b32 %r2, [lock], 0; bra again;
      mine: ld.shared.u32 %r5, [sum]; mad.lo.u32 %r5, %r5, 3, %r1; st.shared.u32 [sum], %r5; add.u32 %r4, %r4, 1;
      st.volatile.shared.u32 [flag], %r4; atom.shared.exch.b32 %r2, [lock], 0; st.global.u32 [%rd1], %r5;`);
      let sum = 0;
      for (let i = 63; i >= 0; i--) {
        sum = (Math.imul(sum, 3) + i) >>> 0;
        expect(results[i]).toBe(sum);
      }
    });

    test("a sum by compare and exchange", () => {
      const results = run(`ld.shared.u32 %r2, [sum];
      again: mov.u32 %r3, %r2; add.u32 %r4, %r3, %r1; atom.shared.cas.b32 %r2, [sum], %r3, %r4; setp.ne.u32 %p1, %r2, %r3; @%p1 bra again;
      bar.sync 0; ld.shared.u32 %r5, [sum]; st.global.u32 [%rd1], %r5;`);
      expect(results).toEqual(Array.from({ length: 64 }, () => 2016));
    });
  },
);
