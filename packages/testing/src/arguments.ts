import { argumentWord, DoubleArgument, REGISTER } from "@decant/hook";
import type { ApiFunction, ArgumentContext, HostArgument } from "@decant/hook";

const INTEGERS = [REGISTER.rcx, REGISTER.rdx, REGISTER.r8, REGISTER.r9];
const XMM_WORDS = 4;

/** Places the arguments of a call as compiled code does, above the return address that the stack pointer points to. */
export function placeArguments(context: ArgumentContext, target: ApiFunction | undefined, args: readonly HostArgument[]): void {
  const { thread } = context;
  const { registers, memory } = thread;
  const types = target?.parameterTypes ?? [];
  if (thread.pointerSize === 4) return placeArguments32(context, target, args);
  const stack = registers[REGISTER.rsp] as number;
  args.forEach((arg, position) => {
    const type = types[position];
    const word = BigInt.asUintN(64, argumentWord(context, type, arg));
    const [low, high] = [Number(word & 0xffff_ffffn), Number(word >> 32n)];
    const integer = INTEGERS[position];
    if (integer === undefined) return memory.setU64(stack + 8 + 8 * position, word);
    const isFloat = type?.passing === "float";
    const register = isFloat ? REGISTER.xmm0 + XMM_WORDS * position : integer;
    registers[register] = low;
    registers[register + 1] = high;
    return undefined;
  });
}

/** x86: where the signature says; what is behind "..." follows, an integer in a word, a double or a bigint in two. */
function placeArguments32(context: ArgumentContext, target: ApiFunction | undefined, args: readonly HostArgument[]): void {
  const { thread } = context;
  const layout = target?.signature(4).layout;
  const stack = thread.registers[REGISTER.rsp] as number;
  let next = layout?.varargsOffset ?? 4;
  args.forEach((arg, position) => {
    const place = layout?.places[position];
    const word = BigInt.asUintN(64, argumentWord(context, target?.parameterTypes[position], arg));
    const put = (at: number | undefined, value: bigint) => {
      if (at === undefined) return;
      if (at >= 0) thread.registers[at] = Number(value);
      else thread.memory.setU32(stack - at, Number(value));
    };
    if (place === undefined) {
      const isWide = arg instanceof DoubleArgument || typeof arg === "bigint";
      put(-next, word & 0xffff_ffffn);
      if (isWide) put(-next - 4, word >> 32n);
      next += isWide ? 8 : 4;
      return;
    }
    put(place.low, word & 0xffff_ffffn);
    put(place.high, word >> 32n);
  });
}
