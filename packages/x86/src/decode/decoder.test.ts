import { GUEST_BASE } from "@decant/memory";
import { expect, test } from "vitest";
import { FLAG } from "../cpu-block.ts";
import { Decoder } from "./decoder.ts";
import { format } from "./format.ts";
import type { Instruction } from "./instruction.ts";
import { MNEMONIC, MNEMONIC_NAMES } from "./mnemonics.ts";

const ADDRESS = 0x40_0000;

function memoryWith(hex: string): { bytes: Uint8Array } {
  const bytes = new Uint8Array(ADDRESS - GUEST_BASE + 64);
  bytes.set(Buffer.from(hex.replaceAll(" ", ""), "hex"), ADDRESS - GUEST_BASE);
  return { bytes };
}

function decode(hex: string, mode: 64 | 32 = 64, ip = ADDRESS): Instruction {
  return new Decoder(memoryWith(hex), mode).decode(ip);
}

test("reads registers of every width, and the high bytes", () => {
  const registers = (hex: string) => decode(hex).operands.map(({ register, bits, high }) => `${register}:${bits}${high ? "h" : ""}`);
  expect(registers("4d 01 f8")).toEqual(["8:64", "15:64"]); // add r8, r15
  expect(registers("00 e5")).toEqual(["1:8h", "0:8h"]); // add ch, ah
  expect(registers("40 00 e5")).toEqual(["5:8", "4:8"]); // add bpl, spl
  expect(registers("66 44 89 c0")).toEqual(["0:16", "8:16"]); // mov ax, r8w
  expect(registers("66 45 0f ef fa")).toEqual(["15:128", "10:128"]); // pxor xmm15, xmm10
});

test("reads memory operands: base, index, scale, displacement, segment, address width", () => {
  expect(decode("65 f0 4c 01 8c 98 44 33 22 11")).toMatchObject({
    memory: { base: 0, index: 3, scale: 2, displacement: 0x11223344, segment: "gs", addressBits: 64 },
    prefixes: { lock: true, rep: false },
  });
  expect(decode("8b 44 24 f8").memory).toEqual({ base: 4, index: -1, scale: 0, displacement: -8, segment: "none", addressBits: 64 });
  expect(decode("67 8b 04 4b").memory).toMatchObject({ base: 3, index: 1, scale: 1, addressBits: 32 });
  expect(decode("8b 04 25 00 00 00 80").memory).toMatchObject({ base: -1, index: -1, displacement: -0x80000000 });
  expect(decode("67 8b 07", 32).memory).toMatchObject({ base: 3, index: -1, addressBits: 16 });
  expect(decode("48 a1 88 77 66 55 04 00 00 00").memory).toMatchObject({ displacement: 0x4_5566_7788 });
});

test("makes rip-relative operands and branch targets absolute, wherever the code is and in any order", () => {
  const memory = memoryWith("48 8d 05 f0 ff ff ff 74 f0 e8 00 01 00 00");
  const decoder = new Decoder(memory, 64);
  for (let again = 0; again < 3; again++) {
    expect(decoder.decode(ADDRESS + 9)).toMatchObject({ kind: "call", target: ADDRESS + 14 + 0x100, next: ADDRESS + 14 });
    expect(decoder.decode(ADDRESS).memory).toMatchObject({ base: -1, displacement: ADDRESS + 7 - 16 });
    expect(decoder.decode(ADDRESS + 7)).toMatchObject({ kind: "jcc", cc: 4, target: ADDRESS + 9 - 16 });
  }
  // An image whose base is above 4 GiB: the bytes are at the low half, the addresses keep the high one.
  expect(decoder.decode(0x7_0040_0000).memory?.displacement).toBe(0x7_0040_0000 + 7 - 16);
});

test("wraps 32-bit branch targets to 32 bits", () => {
  expect(decode("e9 f0 ff bf ff", 32).target).toBe((ADDRESS + 5 - 0x400010) >>> 0);
  expect(decode("e9 00 00 00 80", 32).target).toBe(ADDRESS + 5 + 0x80000000);
});

test("reads immediates as the operand's width reads them", () => {
  expect(decode("83 c0 ff")).toMatchObject({ immediate: -1 });
  expect(decode("b0 ff")).toMatchObject({ immediate: 0xff });
  expect(decode("66 b8 34 f2")).toMatchObject({ immediate: 0xf234 });
  expect(decode("48 81 c0 ff ff ff 80")).toMatchObject({ immediate: -0x7f000001 });
  expect(decode("48 b8 88 77 66 55 44 33 22 81").immediate64).toBe(0x8122334455667788n);
  expect(decode("c8 34 12 02")).toMatchObject({ immediate: 0x1234, immediate2: 2 });
});

test("says what an instruction does to the flow of control", () => {
  const kind = (hex: string, mode: 64 | 32 = 64) => decode(hex, mode).kind;
  expect(kind("eb 00")).toBe("jmp");
  expect(kind("ff e0")).toBe("jmp-indirect");
  expect(kind("ff 25 00 00 00 00")).toBe("jmp-indirect");
  expect(kind("ff 10")).toBe("call-indirect");
  expect(kind("c2 08 00")).toBe("ret");
  expect(kind("e2 fe")).toBe("loop");
  expect(kind("e3 fe")).toBe("jcxz");
  expect(kind("cc")).toBe("int");
  expect(kind("0f 0b")).toBe("undefined");
  expect(kind("0f 05")).toBe("syscall");
  expect(kind("f4")).toBe("privileged");
  expect(kind("90")).toBe("normal");
  expect(kind("06")).toBe("invalid");
});

test("gives an invalid instruction of length 1 or more for bytes that are none, also past the end of memory", () => {
  expect(decode("06")).toMatchObject({ kind: "invalid" });
  expect(decode("06").length).toBeGreaterThan(0);
  expect(new Decoder({ bytes: new Uint8Array(16) }, 64).decode(0x8000_0000).length).toBeGreaterThan(0);
});

test("knows string operands from memory operands, with the address width", () => {
  expect(decode("f3 a4")).toMatchObject({
    operands: [{ kind: "string", bits: 8, register: 64 }, { kind: "string" }],
    prefixes: { rep: true },
  });
  expect(decode("f2 67 a7").operands[0]).toMatchObject({ kind: "string", bits: 32, register: 32 });
});

test("formats an instruction with its bytes for an error message", () => {
  const memory = memoryWith("48 8b 05 10 00 00 00");
  const insn = new Decoder(memory, 64).decode(ADDRESS);
  expect(format(memory, insn)).toBe("48 8b 05 10 00 00 00  mov rax,[400017h]");
  expect(MNEMONIC_NAMES[insn.mnemonic]).toBe("Mov");
  expect(insn.mnemonic).toBe(MNEMONIC.Mov);
});

test("a decoder that formatted goes on decoding right targets", () => {
  const decoder = new Decoder(memoryWith("eb 10"), 64);
  expect(decoder.format(ADDRESS)).toBe("jmp short 0000000000400012h");
  expect(decoder.decode(ADDRESS).target).toBe(ADDRESS + 0x12);
});

test("knows the flags that the manual leaves undefined", () => {
  const decoder = new Decoder(memoryWith("21 c0 f7 e1"), 64);
  expect(decoder.undefinedFlags(ADDRESS)).toBe(FLAG.AF); // and
  expect(decoder.undefinedFlags(ADDRESS + 2)).toBe(FLAG.SF | FLAG.ZF | FLAG.AF | FLAG.PF); // mul
});

test("decodes right after other decoders have made the library's memory grow", () => {
  const memory = memoryWith("0f 0b ff 25 92 57 00 00");
  const decoder = new Decoder(memory, 64);
  const before = decoder.decode(ADDRESS + 2).kind;
  decoder.decode(ADDRESS);
  for (let i = 0; i < 200; i++) format(memory, decode("0f 0b"));
  expect([before, decoder.decode(ADDRESS + 2).kind]).toEqual(["jmp-indirect", "jmp-indirect"]);
});

test("reads on from the instruction before as it reads each by itself, to the last bytes of memory", () => {
  const code = "90 48 b8 01 02 03 04 05 06 07 08 89 c8 0f b6 44 24 10 66 2e 0f 1f 84 00 00 00 00 00 c3 e8 10 00 00 00";
  const unit = Buffer.from(code.replaceAll(" ", ""), "hex");
  const memory = { bytes: new Uint8Array(ADDRESS - GUEST_BASE + 5 * unit.length) };
  for (let n = 0; n < 5; n++) memory.bytes.set(unit, ADDRESS - GUEST_BASE + n * unit.length);
  const decoder = new Decoder(memory, 64);
  const end = ADDRESS + 5 * unit.length;
  const inTurn: Instruction[] = [];
  for (let ip = ADDRESS; ip < end; ip = inTurn.at(-1)?.next ?? end) inTurn.push(decoder.decode(ip, ip !== ADDRESS));
  expect(inTurn.length).toBe(5 * 7);
  expect(inTurn).toEqual(inTurn.map(({ ip }) => decoder.decode(ip)));
});

test("an instruction that follows another is read anew unless it is said to be the next", () => {
  const memory = memoryWith("90 90");
  const decoder = new Decoder(memory, 64);
  decoder.decode(ADDRESS);
  memory.bytes[ADDRESS + 1 - GUEST_BASE] = 0xc3;
  expect(decoder.decode(ADDRESS + 1).kind).toBe("ret");
});
