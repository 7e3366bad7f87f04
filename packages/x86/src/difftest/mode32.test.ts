import { GUEST_BASE } from "@decant/memory";
import { expect, test } from "vitest";
import { CPU, CPU_BLOCK } from "../cpu-block.ts";
import { Decoder } from "../decode/decoder.ts";
import type { Instruction } from "../decode/instruction.ts";
import { createHelpers } from "../lower/helpers.ts";
import { readForms, readRecording } from "./forms-file.ts";
import { prepare } from "./replay.ts";
import { FLAG_POSITIONS, STATE, STATE_BYTES } from "./state.ts";
import { straightLineModule } from "./straight-line.ts";
import { loadState, Translated } from "./translated.ts";

/** What an instruction is, whatever the mode: instructions that agree in it do the same to the low halves of the registers. */
function meaning(insn: Instruction): string {
  const { mnemonic, operands, memory, immediate, prefixes, length } = insn;
  return JSON.stringify([mnemonic, operands, memory && { ...memory, addressBits: 0 }, immediate, prefixes, length]);
}

test("32-bit mode gives the recorded low halves, for the instructions that both modes read alike", () => {
  const { header, ends } = readRecording();
  const translated = new Translated();
  const { memory } = translated;
  const decoder = new Decoder(memory, 32);
  const helper = createHelpers({
    memory,
    trap() {
      throw new Error("divide error");
    },
  });
  const block = CPU_BLOCK - GUEST_BASE;
  const wrong: string[] = [];
  let compared = 0;
  for (const [index, form] of readForms().entries()) {
    const prepared = prepare(translated, form, header.seed, header.casesPerForm);
    const instructions = prepared.instructions.map(({ ip }) => decoder.decode(ip));
    // A memory operand in the window, but none by gs, whose base only the 64-bit state has, and none relative to rip.
    if (!instructions.every((insn, n) => insn.mode === 32 && meaning(insn) === meaning(prepared.instructions[n]!))) continue;
    if (
      instructions.some(
        ({ memory: operand }) => operand !== undefined && (operand.segment !== "none" || (operand.base < 0 && operand.index < 0)),
      )
    )
      continue;
    if (/^f|sp\b|mxcsr|^leave|^enter/.test(form.text)) continue;
    const module = new WebAssembly.Module(straightLineModule([instructions]) as Uint8Array<ArrayBuffer>);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.wasm }, helper: helper as WebAssembly.ModuleImports });
    const expected = ends(index, prepared.starts);
    for (let at = 0; at < expected.length; at += STATE_BYTES) {
      const end = new DataView(expected.buffer, at, STATE_BYTES);
      if (end.getUint32(STATE.fault, true) !== 0) continue;
      loadState(memory.view, new DataView(prepared.starts.buffer, at, STATE_BYTES));
      (exports["0"] as () => void)();
      compared++;
      const registers = Array.from({ length: 8 }, (_, n) => [
        memory.view.getUint32(block + CPU.gpr + n * 8, true),
        end.getUint32(STATE.gpr + n * 8, true),
      ]);
      const flags = FLAG_POSITIONS.map((position, n) => {
        const isDefined = !((prepared.tolerance.undefinedFlags >> n) & 1);
        return [memory.view.getUint32(block + CPU.cf + n * 4, true), isDefined ? (end.getUint32(STATE.rflags, true) >> position) & 1 : -1];
      });
      if (registers.some(([got, want]) => got !== want) || flags.some(([got, want]) => want !== -1 && got !== want)) {
        wrong.push(form.text);
        break;
      }
    }
  }
  console.log(`difftest, replayed in 32-bit mode: ${compared} cases`);
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(10_000);
}, 120_000);
