/** Random kernels for tests: control flow, arithmetic, memory, barriers and warp operations, that always end and never fault. */
export interface RandomKernel {
  readonly text: string;
  readonly block: readonly [number, number, number];
  readonly words: number;
}

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SHAPES = [
  [8, 1, 1],
  [32, 1, 1],
  [64, 1, 1],
  [16, 4, 1],
  [8, 3, 2],
  [40, 1, 1],
] as const;

/** Kernel `k(out, in, n)`; both buffers have `words` words, and each thread writes only its own of `out`. */
export function randomKernel(seed: number): RandomKernel {
  const random = randomFrom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)] as T; // Lists here are never empty.
  const block = pick(SHAPES);
  const threads = block[0] * block[1] * block[2];
  const words = threads * 4;
  const lines: string[] = [];
  let label = 0;
  const r = (): string => `%r${upTo(8)}`;
  const operand = (): string =>
    random() < 0.25 ? String(pick([0, 1, 2, 3, 7, 31, 255, -1, 0x7fffffff, upTo(1000)])) : random() < 0.2 ? "%tid.x" : r();
  const f = (): string => `%f${upTo(4)}`;
  const statements: (() => void)[] = [
    () => lines.push(`${pick(["add", "sub", "mul.lo", "min", "max"])}.${pick(["s32", "u32"])} ${r()}, ${r()}, ${operand()};`),
    () => lines.push(`${pick(["and", "or", "xor"])}.b32 ${r()}, ${r()}, ${operand()};`),
    () => lines.push(`${pick(["shl.b32", "shr.u32", "shr.s32"])} ${r()}, ${r()}, ${random() < 0.7 ? upTo(40) : r()};`),
    () => lines.push(`mad.lo.s32 ${r()}, ${r()}, ${operand()}, ${operand()};`),
    () => lines.push(`mul.hi.u32 ${r()}, ${r()}, ${r()};`),
    () => lines.push(`mul.wide.s32 %rd${4 + upTo(2)}, ${r()}, ${pick(["4", "3", r()])};`),
    () => lines.push(`add.s64 %rd${4 + upTo(2)}, %rd${4 + upTo(2)}, %rd${4 + upTo(2)};`),
    () => lines.push(`cvt.u32.u64 ${r()}, %rd${4 + upTo(2)};`),
    () => lines.push(`cvt.s64.s32 %rd${4 + upTo(2)}, ${r()};`),
    () => lines.push(`rem.u32 ${r()}, ${r()}, 13;`),
    () => lines.push(`${pick(["popc", "clz", "brev", "not"])}.b32 ${r()}, ${r()};`),
    () => lines.push(`${pick(["abs.s32", "neg.s32", "bfind.u32", "bfind.s32"])} ${r()}, ${r()};`),
    () => lines.push(`${pick(["div.u32", "div.s32", "rem.s32"])} ${r()}, ${r()}, ${pick([3, 7, -5, 64])};`),
    () => lines.push(`${pick(["bfe.u32", "bfe.s32"])} ${r()}, ${r()}, ${upTo(34)}, ${upTo(34)};`),
    () => lines.push(`bfi.b32 ${r()}, ${r()}, ${r()}, ${upTo(34)}, ${upTo(34)};`),
    () => lines.push(`prmt.b32 ${r()}, ${r()}, ${r()}, ${pick([0x3210, 0x0123, 0x7654, 0x9ab4, 0x6420, "%r0"])};`),
    () => lines.push(`lop3.b32 ${r()}, ${r()}, ${r()}, ${r()}, ${upTo(256)};`),
    () => lines.push(`sad.${pick(["u32", "s32"])} ${r()}, ${r()}, ${r()}, ${r()};`),
    () => lines.push(`dp4a.${pick(["u32.u32", "s32.s32", "u32.s32"])} ${r()}, ${r()}, ${r()}, ${r()};`),
    () => lines.push(`cvt.${pick(["u32.u8", "s32.s8", "s32.s16", "u32.u16", "sat.s8.s32", "sat.u16.u32"])} ${r()}, ${r()};`),
    () => lines.push(`${pick(["mul.lo.s64", "sub.s64", "xor.b64", "and.b64", "min.s64", "max.u64"])} %rd${4 + upTo(2)}, %rd4, %rd5;`),
    () =>
      lines.push(`${pick(["shl.b64", "shr.u64", "shr.s64"])} %rd${4 + upTo(2)}, %rd${4 + upTo(2)}, ${random() < 0.7 ? upTo(70) : r()};`),
    () => lines.push(`mov.b64 {%t0, %t1}, %rd${4 + upTo(2)};`, `mov.b64 %rd${4 + upTo(2)}, {%t1, ${r()}};`),
    () => lines.push(`fma.${pick(["rn", "rz", "rm"])}.f32 ${f()}, ${f()}, ${f()}, ${f()};`),
    () => lines.push(`${pick(["abs", "neg", "sqrt.rn", "rcp.rn"])}.f32 ${f()}, ${f()};`),
    () => lines.push(`${pick(["min", "max", "div.rn", "add.rz"])}.f32 ${f()}, ${f()}, ${f()};`),
    () => lines.push(`cvt.f64.f32 %fd${upTo(2)}, ${f()};`, `${pick(["add", "sub", "mul"])}.f64 %fd0, %fd0, %fd1;`),
    () => lines.push(`fma.rn.f64 %fd${upTo(2)}, %fd0, %fd1, %fd0;`, `cvt.rn.f32.f64 ${f()}, %fd${upTo(2)};`),
    () => lines.push(`cvt.rzi.${pick(["s64", "u64"])}.f64 %rd${4 + upTo(2)}, %fd${upTo(2)};`),
    () => lines.push(`cvt.u16.u32 %h0, ${r()};`, `${pick(["add", "sub", "mul.lo", "min"])}.s16 %h0, %h0, %h1;`, `cvt.s32.s16 ${r()}, %h0;`),
    () => lines.push(`cvt.u16.u32 %h1, ${r()};`, `shr.${pick(["u16", "s16"])} %h1, %h1, ${upTo(18)};`, `mul.wide.u16 ${r()}, %h0, %h1;`),
    () => lines.push(`not.pred %p${upTo(2)}, %p${upTo(2)};`, `${pick(["and", "or", "xor"])}.pred %p${upTo(2)}, %p0, %p1;`),
    () => lines.push(`slct.u32.s32 ${r()}, ${r()}, ${r()}, ${r()};`),
    // Its own slot of local memory, whole and in parts.
    () => lines.push(`and.b32 %t0, ${r()}, 12;`, "mov.u32 %t1, local;", "add.u32 %t1, %t1, %t0;", `st.local.u32 [%t1], ${r()};`),
    () => lines.push(`and.b32 %t0, ${r()}, 15;`, "mov.u32 %t1, local;", "add.u32 %t1, %t1, %t0;", `ld.local.u8 ${r()}, [%t1];`),
    () => lines.push(`st.local.v2.u32 [local+8], {${r()}, ${r()}};`, `ld.local.u32 ${r()}, [local+12];`),
    // Memory on the stack, of a size of the thread's own, given back at once: loops would use the stack up.
    () => {
      lines.push(
        "stacksave.u32 %x;",
        `and.b32 %t0, ${r()}, 31;`,
        "add.u32 %t0, %t0, 4;",
        `alloca.u32 %t1, %t0${pick(["", ", 4", ", 32"])};`,
      );
      lines.push(`st.local.u32 [%t1], ${r()};`, `ld.local.${pick(["u32", "s8", "u16"])} ${r()}, [%t1];`, "stackrestore.u32 %x;");
    },
    // Bytes and pairs of what is in range.
    () =>
      lines.push(`rem.u32 %t0, ${r()}, ${words};`, "cvt.u64.u32 %rd3, %t0;", "add.s64 %rd3, %rd2, %rd3;", `ld.global.s8 ${r()}, [%rd3];`),
    () => lines.push("mul.wide.u32 %rd3, %me, 8;", "add.s64 %rd3, %rd2, %rd3;", `ld.global.v2.u32 {${r()}, %t1}, [%rd3];`),
    () => lines.push(`shf.l.wrap.b32 ${r()}, ${r()}, ${r()}, ${upTo(32)};`),
    () => lines.push(`cvt.rn.f32.s32 ${f()}, ${r()};`, `cvt.rzi.s32.f32 ${r()}, ${f()};`),
    () => lines.push(`${pick(["add", "sub", "mul"])}.f32 ${f()}, ${f()}, ${f()};`),
    () =>
      lines.push(`setp.${pick(["lt", "ge", "eq"])}.f32 %p${upTo(2)}, ${f()}, ${f()};`, `selp.f32 ${f()}, ${f()}, ${f()}, %p${upTo(2)};`),
    () =>
      lines.push(
        `setp.${pick(["lt", "ge", "eq", "ne"])}.${pick(["s32", "u32"])} %p${upTo(2)}, ${r()}, ${operand()};`,
        `selp.b32 ${r()}, ${r()}, ${operand()}, %p${upTo(2)};`,
      ),
    () => lines.push(`@${pick(["", "!"])}%p${upTo(2)} add.s32 ${r()}, ${r()}, ${operand()};`),
    // A load of anything that is in range: by index.
    () => {
      lines.push(`rem.u32 %t0, ${pick([r(), "%tid.x"])}, ${words};`, "mul.wide.u32 %rd3, %t0, 4;", "add.s64 %rd3, %rd2, %rd3;");
      lines.push(`ld.global.${pick(["u32", "s32"])} ${r()}, [%rd3];`);
    },
    () => lines.push("mul.wide.u32 %rd3, %me, 4;", "add.s64 %rd3, %rd2, %rd3;", `ld.global.u32 ${r()}, [%rd3${pick(["", "+4", "+64"])}];`),
    // Its own word of shared memory, and that of the output.
    () => lines.push("shl.b32 %t0, %own, 2;", "mov.u32 %t1, shared;", "add.u32 %t0, %t0, %t1;", `st.shared.u32 [%t0], ${r()};`),
    () => lines.push("shl.b32 %t0, %own, 2;", "mov.u32 %t1, shared;", "add.u32 %t0, %t0, %t1;", `ld.shared.u32 ${r()}, [%t0];`),
    () => lines.push("mul.wide.u32 %rd3, %own, 4;", "add.s64 %rd3, %rd1, %rd3;", `st.global.u32 [%rd3], ${r()};`),
    // What is known of the thread's place, written once.
    () => lines.push(`add.u32 ${r()}, ${r()}, ${pick(["%e0", "%e1"])};`, `cvt.u32.u64 %t0, %re;`, `xor.b32 ${r()}, ${r()}, %t0;`),
  ];
  // These keep a kernel to its scalar form: the carry flag always, atomic operations in loops.
  if (random() < 0.15)
    statements.push(
      () => lines.push(`add.cc.u32 ${r()}, ${r()}, ${operand()};`, `addc.u32 ${r()}, ${r()}, ${operand()};`),
      () => lines.push(`sub.cc.u32 ${r()}, ${r()}, ${operand()};`, `subc.u32 ${r()}, ${r()}, ${operand()};`),
      () =>
        lines.push(
          "mul.wide.u32 %rd3, %own, 4;",
          "add.s64 %rd3, %rd1, %rd3;",
          `atom.global.${pick(["add.u32", "max.s32", "xor.b32", "exch.b32"])} ${r()}, [%rd3], ${r()};`,
        ),
    );
  const condition = (): void => {
    lines.push(`setp.${pick(["lt", "gt", "eq", "ne", "le"])}.${pick(["s32", "u32"])} %p2, ${pick([r(), r(), "%n", "%me"])}, ${operand()};`);
  };
  /** `together`: all threads of the block run this, so that they may wait for each other. */
  const body = (depth: number, together: boolean): void => {
    for (let count = 1 + upTo(5); count > 0; count--) {
      const kind = random();
      if (depth > 0 && kind < 0.2) {
        condition();
        const [other, end] = [label++, label++];
        lines.push(`@${pick(["", "!"])}%p2 bra L${other};`);
        body(depth - 1, false);
        if (random() < 0.6) {
          lines.push(`bra L${end};`, `L${other}:`);
          body(depth - 1, false);
          lines.push(`L${end}:`);
        } else lines.push(`L${other}:`);
      } else if (depth > 0 && kind < 0.35) {
        const [again, out] = [label++, label++];
        const counter = `%c${depth}`;
        const same = random() < 0.5;
        // A count that is the same for all, or one of the thread's own.
        lines.push(same ? `mov.u32 ${counter}, ${1 + upTo(4)};` : `and.b32 ${counter}, ${r()}, 7;`, `L${again}:`);
        body(depth - 1, together && same);
        if (random() < 0.4) {
          condition();
          lines.push(`@%p2 bra L${together && same ? again + 100_000 : out};`);
          if (together && same) lines.push(`L${again + 100_000}:`);
        }
        lines.push(`sub.s32 ${counter}, ${counter}, 1;`, `setp.gt.s32 %p3, ${counter}, 0;`, `@%p3 bra L${again};`, `L${out}:`);
      } else if (together && kind < 0.45) {
        const offset = upTo(threads);
        lines.push("bar.sync 0;");
        lines.push(`add.u32 %t0, %me, ${offset};`, `rem.u32 %t0, %t0, ${threads};`, "shl.b32 %t0, %t0, 2;", "mov.u32 %t1, shared;");
        lines.push("add.u32 %t0, %t0, %t1;", `ld.shared.u32 ${r()}, [%t0];`);
        // A neighbour's word, where there is one.
        const away = upTo(40);
        if (random() < 0.5) lines.push(`setp.ge.u32 %p3, %e0, ${away};`, `@%p3 ld.shared.u32 ${r()}, [%e2+${-4 * away}];`);
        lines.push("bar.sync 0;");
      } else if (together && kind < 0.5) {
        lines.push(
          pick([
            `shfl.sync.bfly.b32 ${r()}, ${r()}, ${1 << upTo(3)}, 31, -1;`,
            `shfl.sync.down.b32 ${r()}|%p1, ${r()}, ${upTo(9)}, 31, -1;`,
            `vote.sync.ballot.b32 ${r()}, %p${upTo(2)}, -1;`,
            `redux.sync.add.s32 ${r()}, ${r()}, -1;`,
          ]),
        );
      } else if (depth > 0 && kind < 0.52 && lines.length > 20) lines.push(`@%p${upTo(2)} bra DONE;`);
      else pick(statements)();
    }
  };
  body(3, random() < 0.6);
  // With some threads gone, the others may not wait for all of a warp in order: only kernels without waits leave early.
  const waits = lines.some((line) => /^(bar|shfl|vote|redux)/.test(line));
  const text = `.version 8.5
.target sm_80
.address_size 64
.shared .align 4 .b8 shared[${threads * 4}];
.visible .entry k(.param .u64 out, .param .u64 in, .param .u32 n) {
.reg .b32 %r<8>, %t<2>, %c<4>, %me, %own, %n, %x, %y, %tx, %ty, %nx, %sh, %e<3>; .reg .b64 %rd<6>, %re; .reg .pred %p<4>; .reg .f32 %f<4>; .reg .f64 %fd<2>; .reg .b16 %h<2>; .local .align 8 .b8 local[16];
ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [in]; ld.param.u32 %n, [n];
mov.u32 %x, %ntid.x; mov.u32 %y, %tid.y; mad.lo.u32 %me, %y, %x, %tid.x; mov.u32 %y, %tid.z; mov.u32 %t0, %ntid.y; mul.lo.u32 %x, %x, %t0; mad.lo.u32 %me, %y, %x, %me;
${random() < 0.5 ? "mov.u32 %own, %me;" : "xor.b32 %own, %me, 1;"}
mov.u32 %tx, %tid.x; mov.u32 %ty, %tid.y; mov.u32 %nx, %ntid.x; mad.lo.u32 %e0, %ty, %nx, %tx; shl.b32 %e1, %e0, 2; mov.u32 %sh, shared; add.u32 %e2, %sh, %e1; mul.wide.u32 %re, %e0, 12;
${Array.from({ length: 8 }, (_, i) => `mul.lo.u32 %r${i}, ${i < 4 ? "%me" : "%n"}, ${1 + upTo(50)};`).join(" ")}
${Array.from({ length: 4 }, (_, i) => `cvt.rn.f32.u32 %f${i}, %r${i};`).join(" ")}
mov.u64 %rd4, 5; mov.u64 %rd5, 9; cvt.f64.f32 %fd0, %f1; cvt.f64.f32 %fd1, %f2; mov.u16 %h0, 77; cvt.u16.u32 %h1, %r2; st.local.v2.u32 [local], {%r0, %r6}; st.local.v2.u32 [local+8], {%r1, %me}; setp.lt.u32 %p0, %r0, 100; setp.lt.u32 %p1, %r5, 10; setp.eq.u32 %p2, 1, 2; setp.eq.u32 %p3, 1, 2;
mov.u32 %c0, 0; mov.u32 %c1, 0; mov.u32 %c2, 0; mov.u32 %c3, 0;
shl.b32 %t0, %own, 2; mov.u32 %t1, shared; add.u32 %t0, %t0, %t1; st.shared.u32 [%t0], %r1; bar.sync 0;
${lines.filter((line) => !waits || !line.includes("DONE")).join("\n")}
mul.wide.u32 %rd3, %own, 4; add.s64 %rd3, %rd1, %rd3;
${Array.from({ length: 8 }, (_, i) => `ld.global.u32 %t0, [%rd3]; mad.lo.u32 %t0, %t0, 31, %r${i}; st.global.u32 [%rd3], %t0;`).join("\n")}
cvt.u32.u64 %t1, %rd4; ld.global.u32 %t0, [%rd3]; add.u32 %t0, %t0, %t1; st.global.u32 [%rd3], %t0;
DONE: ret;
}`;
  return { text, block, words };
}
