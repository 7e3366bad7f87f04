import type { FunctionBuilder } from "@decant/wasm";
import { expect, test } from "vitest";
import { FLAG } from "../cpu-block.ts";
import { readForms } from "../difftest/forms-file.ts";
import { straightLineModule } from "../difftest/straight-line.ts";
import { Translated } from "../difftest/translated.ts";
import { effects } from "./effects.ts";

/** The register and flag locals that a sequence's code reads and writes, as masks of effects. */
interface Accesses {
  reads: number;
  writes: number;
  flagsRead: number;
  flagsWritten: number;
}

/** A builder that notes each access to the registers' locals and passes everything on. */
function watched(f: FunctionBuilder, locals: { gpr: number[]; xmm: number[]; flags: number[] }, accesses: Accesses): FunctionBuilder {
  const note = (local: number, write: boolean) => {
    const register = locals.gpr.includes(local)
      ? locals.gpr.indexOf(local)
      : locals.xmm.includes(local)
        ? 16 + locals.xmm.indexOf(local)
        : -1;
    // What the instruction itself has set may be read again: a vector to put its scalar in, CF for OF.
    if (register >= 0 && (write || !(accesses.writes & (1 << register)))) accesses[write ? "writes" : "reads"] |= 1 << register;
    if (locals.flags.includes(local) && !write && accesses.flagsWritten & (1 << locals.flags.indexOf(local))) return;
    if (locals.flags.includes(local)) accesses[write ? "flagsWritten" : "flagsRead"] |= 1 << locals.flags.indexOf(local);
  };
  const proxy: FunctionBuilder = new Proxy(f, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...values: unknown[]) => {
        if (name === "localGet" || name === "localSet" || name === "localTee") note(values[0] as number, name !== "localGet");
        const result: unknown = Reflect.apply(member, target, values);
        return result === target ? proxy : result;
      };
    },
  });
  return proxy;
}

test("each lowering reads and writes only the registers and flags that effects() declares", () => {
  const translated = new Translated();
  const wrong: string[] = [];
  for (const { text, bytes } of readForms()) {
    const instructions = translated.decode(bytes);
    if (instructions.length !== 1) continue;
    const accesses: Accesses = { reads: 0, writes: 0, flagsRead: 0, flagsWritten: 0 };
    straightLineModule([instructions], { isExact: false, watch: (f, locals) => watched(f, locals, accesses) });
    const declared = effects(instructions[0]!);
    const beyond = (what: keyof Accesses) => accesses[what] & ~declared[what];
    for (const what of ["reads", "writes", "flagsRead", "flagsWritten"] as const) {
      if (beyond(what) !== 0) wrong.push(`${text}: ${what} 0x${beyond(what).toString(16)} undeclared`);
    }
  }
  expect(wrong).toEqual([]);
});

test("flags that must be written are among those that may be", () => {
  const translated = new Translated();
  for (const { bytes } of readForms()) {
    for (const insn of translated.decode(bytes)) {
      const { flagsMust, flagsWritten } = effects(insn);
      expect(flagsMust & ~flagsWritten).toBe(0);
    }
  }
});

test("the idioms for zero read nothing, and the partial writes read what they keep", () => {
  const translated = new Translated();
  const of = (...bytes: number[]) => effects(translated.decode(Uint8Array.from(bytes))[0]!);
  expect(of(0x31, 0xc0)).toMatchObject({ reads: 0, writes: 1, flagsMust: FLAG.ALL }); // xor eax, eax
  expect(of(0x66, 0x0f, 0xef, 0xc9)).toMatchObject({ reads: 0, writes: 1 << 17 }); // pxor xmm1, xmm1
  expect(of(0xb0, 0x05)).toMatchObject({ reads: 1, writes: 1 }); // mov al, 5
  expect(of(0xb8, 5, 0, 0, 0)).toMatchObject({ reads: 0, writes: 1 }); // mov eax, 5
  expect(of(0xf2, 0x0f, 0x10, 0x03)).toMatchObject({ reads: 1 << 3, writes: 1 << 16, memory: true }); // movsd xmm0, [rbx]
  expect(of(0xf2, 0x0f, 0x10, 0xc1)).toMatchObject({ reads: (1 << 16) | (1 << 17), writes: 1 << 16 }); // movsd xmm0, xmm1
});

test("a shift by cl may leave the flags, one by a constant writes them, one by 0 does not", () => {
  const translated = new Translated();
  const of = (...bytes: number[]) => effects(translated.decode(Uint8Array.from(bytes))[0]!);
  expect(of(0xd3, 0xe0)).toMatchObject({ flagsWritten: FLAG.ALL, flagsMust: 0 }); // shl eax, cl
  expect(of(0xc1, 0xe0, 3)).toMatchObject({ flagsWritten: FLAG.ALL, flagsMust: FLAG.ALL });
  expect(of(0xc1, 0xe0, 32)).toMatchObject({ flagsWritten: 0, flagsMust: 0 });
});

test("branches read the flags of their condition", () => {
  const translated = new Translated();
  const of = (...bytes: number[]) => effects(translated.decode(Uint8Array.from(bytes))[0]!);
  expect(of(0x7c, 0)).toMatchObject({ flagsRead: FLAG.SF | FLAG.OF, writes: 0 }); // jl
  expect(of(0x77, 0)).toMatchObject({ flagsRead: FLAG.CF | FLAG.ZF }); // ja
  expect(of(0xc3)).toMatchObject({ reads: 1 << 4, writes: 1 << 4, memory: true }); // ret
});
