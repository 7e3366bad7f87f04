import type { GuestMemory } from "@decant/memory";
import { GPR } from "../cpu-block.ts";
import { MNEMONIC, type Instruction } from "../decode/index.ts";
import type { MemoryOperand } from "../decode/instruction.ts";
import { accessesOf, type Access } from "../lower/index.ts";
import { insnOf, type Block, type Step } from "./block.ts";
import type { Unit } from "./control-flow-graph.ts";
import { analyse, type BlockFlow } from "./dataflow.ts";
import { setsFramePointer } from "./stack-depth.ts";
import type { Intrinsic } from "./stub.ts";

/** The guest's null pages end here: what wasm traps on lies below. */
const NULL_END = 0x10000;
/** How far back, in instructions and in values that depend on each other, a register is followed. */
const MAX_DEPTH = 24;

/** Where the code is, and what its registers were when it was last exact. */
interface Scene {
  readonly flows: readonly BlockFlow[];
  readonly memory: GuestMemory;
  /** A general register of the CPU block. */
  register(n: number): bigint;
  /** The registers that the code keeps exact: rsp, and a frame pointer. */
  readonly exact: number;
}

/**
 * Which access of the instruction at `rip` wasm trapped on. The registers that it was made with are in locals, which are gone. But those that have
 * not changed since the last call are in the CPU block, and others follow from them and memory by the instructions before; what is not found is
 * taken to be null, as it is a null pointer that traps. An address outside the null pages is no answer. Without the unit, or where it has changed, all
 * is taken to be null.
 */
export function accessAtTrap(
  unit: Unit | undefined,
  insn: Instruction,
  { memory, register }: Pick<Scene, "memory" | "register">,
): { address: number; access: "read" | "write" } | undefined {
  const rip = insn.ip;
  const blocks = unit?.blocks ?? [];
  const block = blocks.find(({ steps, ending }) => steps.some((step) => step.insn.ip === rip) || insnOf(ending)?.ip === rip);
  const hasFramePointer = blocks.some(({ steps }) => steps.some((step) => setsFramePointer(step.insn)));
  const scene: Scene = { flows: analyse(blocks), memory, register, exact: (1 << GPR.rsp) | (hasFramePointer ? 1 << GPR.rbp : 0) };
  const found = block?.steps.findIndex((step) => step.insn.ip === rip) ?? -1;
  const at = block === undefined || found >= 0 ? found : block.steps.length;
  const accesses = block === undefined || found >= 0 ? accessesOf(insn) : accessesOfEnding(block);
  for (const isGuessAllowed of [false, true]) {
    for (const { kind, at: operand } of accesses) {
      const address = addressOf(scene, block, at, operand, isGuessAllowed, MAX_DEPTH);
      if (address !== undefined && address < NULL_END) return { address, access: kind };
    }
  }
  const [first] = accesses;
  return first === undefined ? undefined : { address: 0, access: first.kind };
}

function accessesOfEnding({ ending }: Block): Access[] {
  // In 32-bit code the pointers lay on the stack, which may be written over by now.
  if (ending.kind === "intrinsic" && ending.via.stub.intrinsic !== undefined)
    return ending.insn.mode === 64 ? intrinsicAccesses(ending.via.stub.intrinsic) : [];
  const insn = insnOf(ending);
  return insn === undefined ? [] : accessesOf(insn);
}

function intrinsicAccesses(intrinsic: Intrinsic): Access[] {
  const through = (register: number, kind: Access["kind"], displacement = 0): Access => ({
    kind,
    bytes: 1,
    at: { base: register, index: -1, scale: 0, displacement, segment: "none", addressBits: 64 },
  });
  switch (intrinsic) {
    case "memcpy":
    case "memmove":
      return [through(GPR.rdx, "read"), through(GPR.rcx, "write")];
    case "memset":
      return [through(GPR.rcx, "write")];
    case "strcpy":
      return [through(GPR.rdx, "read"), through(GPR.rcx, "write")];
    case "memcmp":
    case "strcmp":
    case "strncmp":
      return [through(GPR.rcx, "read"), through(GPR.rdx, "read")];
    case "EnterCriticalSection":
    case "LeaveCriticalSection":
      return [through(GPR.rcx, "write", 8)];
    default:
      return [through(GPR.rcx, "read")];
  }
}

/** The address of an operand before step `at` of a block. Registers that are not known count as 0 if guessing is allowed. */
function addressOf(
  scene: Scene,
  block: Block | undefined,
  at: number,
  operand: MemoryOperand,
  mayGuess: boolean,
  depth: number,
): number | undefined {
  if (operand.segment !== "none") return undefined;
  let sum = BigInt(operand.displacement);
  for (const [n, scale] of [[operand.base, 0], [operand.index, operand.scale]] as const) {
    if (n < 0) continue;
    const value = valueOf(scene, block, at, n, depth) ?? (mayGuess ? 0n : undefined);
    if (value === undefined) return undefined;
    sum += value << BigInt(scale);
  } // prettier-ignore
  return Number(BigInt.asUintN(32, sum));
}

/** What a general register held before step `at` of a block; undefined where that cannot be told. */
function valueOf(scene: Scene, block: Block | undefined, at: number, n: number, depth: number): bigint | undefined {
  if (depth === 0 || block === undefined) return undefined;
  if (scene.exact & (1 << n)) return scene.register(n);
  for (let k = at - 1; k >= 0; k--) {
    const { insn, effects } = block.steps[k] as Step;
    if (effects.writes & (1 << n)) return resultOf(scene, block, k, insn, n, depth - 1);
  }
  const flow = scene.flows[block.order];
  if (flow !== undefined && !(flow.dirtyIn & (1 << n))) return scene.register(n);
  const [before, ...others] = block.predecessors;
  if (before === undefined || others.length > 0 || before === block || before.ending.kind === "call") return undefined;
  return valueOf(scene, before, before.steps.length, n, depth - 1);
}

/** What the step `k` of a block, which writes register `n`, put there. */
function resultOf(scene: Scene, block: Block, k: number, insn: Instruction, n: number, depth: number): bigint | undefined {
  const [to, from] = insn.operands;
  if (to?.kind !== "gpr" || to.register !== n || to.bits < 32 || from === undefined) return undefined;
  const cut = (value: bigint | undefined): bigint | undefined => value && BigInt.asUintN(to.bits, value);
  const register = (m: number): bigint | undefined => valueOf(scene, block, k, m, depth);
  const second = (): bigint | undefined => {
    if (from.kind === "immediate") return BigInt(insn.immediate64 ?? insn.immediate);
    if (from.kind === "gpr" && !from.high) return mask(register(from.register), from.bits);
    if (from.kind !== "memory" || insn.memory === undefined) return undefined;
    const address = addressOf(scene, block, k, insn.memory, false, depth);
    return address === undefined ? undefined : readInteger(scene.memory, address, from.bits);
  };
  switch (insn.mnemonic) {
    case MNEMONIC.Mov:
    case MNEMONIC.Movzx:
      return cut(second());
    case MNEMONIC.Movsx:
    case MNEMONIC.Movsxd: {
      const value = second();
      return value === undefined ? undefined : cut(BigInt.asIntN(from.bits, value));
    }
    case MNEMONIC.Lea: {
      const address = insn.memory === undefined ? undefined : addressOf(scene, block, k, insn.memory, false, depth);
      return address === undefined ? undefined : BigInt(address);
    }
    case MNEMONIC.Xor:
      return from.kind === "gpr" && from.register === n ? 0n : undefined;
    case MNEMONIC.Add:
    case MNEMONIC.Sub: {
      const left = register(n);
      const right = second();
      if (left === undefined || right === undefined) return undefined;
      return cut(insn.mnemonic === MNEMONIC.Add ? left + right : left - right);
    }
    default:
      return undefined;
  }
}

function mask(value: bigint | undefined, bits: number): bigint | undefined {
  return value === undefined ? undefined : BigInt.asUintN(bits, value);
}

/** An integer of the guest's as it is now; the code may have changed it since it read it, which the answer then shows. */
function readInteger(memory: GuestMemory, address: number, bits: number): bigint | undefined {
  if (!memory.accessible(address, bits / 8, "read")) return undefined;
  if (bits === 64) return memory.u64(address);
  return BigInt(bits === 32 ? memory.u32(address) : bits === 16 ? memory.u16(address) : memory.u8(address));
}
