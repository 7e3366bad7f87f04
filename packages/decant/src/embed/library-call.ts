import { ApiFunction, argumentWord, ArrayPointerType, CallbackType, DoubleArgument, GuestPlace, layOutCall, PointerType, REGISTER, VARARGS } from "@decant/hook"; // prettier-ignore
import type { AcceptedOf, AnyType, ArgumentContext, ArgumentsOf, BytesType, FunctionDeclaration, HostArgument, InType, Parameters, StringType, TextBufferType } from "@decant/hook"; // prettier-ignore
import { guestCall64, type GuestGenerator, type Thread } from "@decant/process";
import type { LibraryJobs } from "./library-jobs.ts";

/** A place of TypeScript's for an out-parameter: the function's value is in `value` after the call, and what is there before it is what the function finds. */
export interface Ref<V, W = V> {
  value?: V | W;
}

/** What a caller gives for one parameter. A number is a guest address wherever a pointer is wanted; null is NULL. */
export type LibraryArgument<T> =
  T extends StringType<string | undefined>
    ? string | number | null
    : T extends PointerType<infer V, infer W>
      ? Ref<V, W> | GuestPlace<V> | number | null
      : T extends InType<infer V>
        ? Partial<V> | GuestPlace<V> | number | null
        : T extends BytesType | TextBufferType
          ? Uint8Array | string | number | null
          : T extends ArrayPointerType<infer V, infer W>
            ? (V | W)[] | number | null
            : T extends CallbackType<infer D>
              ? ((...args: ArgumentsOf<D["parameters"]>) => AcceptedOf<D["result"]> | Promise<AcceptedOf<D["result"]>>) | number | null
              : AcceptedOf<T>;

/** What a caller gives for a function's parameters; behind "..." come numbers (int), bigints (64 bits), strings and double(x). */
export type LibraryArguments<P extends Parameters> = P extends readonly [infer First, ...infer Rest extends Parameters]
  ? First extends readonly [string, infer T]
    ? [LibraryArgument<T>, ...LibraryArguments<Rest>]
    : HostArgument[]
  : [];

/** Calls a guest function as compiled code does, and reads its result and what it wrote. */
export function* callFunction(
  thread: Thread,
  address: number,
  { result, parameters, convention = "stdcall" }: FunctionDeclaration,
  args: readonly HostArgument[],
  jobs: LibraryJobs,
): GuestGenerator<unknown> {
  const { pointerSize, registers, memory } = thread;
  const arena = new Arena(thread, jobs);
  const layout = layOutCall(result, parameters, pointerSize, convention);
  const words: bigint[] = [];
  const put = (place: number, word: number): void => {
    if (place >= 0 && pointerSize === 4) registers[place] = word;
    else if (place < 0) {
      const [index, shift] = [Math.floor((-place - pointerSize) / pointerSize), BigInt((-place % pointerSize) * 8)];
      words[index] = (words[index] ?? 0n) | (BigInt(word >>> 0) << shift);
    }
  };
  const into = layout.resultPlace === undefined ? 0 : arena.allocate(result.size(pointerSize));
  if (layout.resultPlace !== undefined) words[0] = BigInt(into);
  let extra = layout.varargsOffset;
  args.forEach((arg, index) => {
    const parameter = parameters[index];
    const type = parameter === undefined || parameter === VARARGS ? undefined : (parameter as readonly [string, AnyType])[1];
    const place = layout.places[index];
    if (type?.passing === "block" && pointerSize === 4 && place !== undefined) {
      const at = arena.store(type, arg);
      for (let offset = 0; offset < type.size(4); offset += 4) put(place.low - offset, memory.u32(at + offset));
      return;
    }
    const word = BigInt.asUintN(64, arena.word(type, arg));
    const [low, high] = [Number(word & 0xffff_ffffn), Number(word >> 32n)];
    if (pointerSize === 8) {
      const position = (layout.resultPlace === undefined ? 0 : 1) + index;
      words[position] = word;
      if (type?.passing === "float" && position < 4) registers.set([low, high], REGISTER.xmm0 + 4 * position);
      return;
    }
    const isWide = arg instanceof DoubleArgument || typeof arg === "bigint";
    put(place?.low ?? -extra, low);
    if (place === undefined) extra += isWide ? 8 : 4;
    if (place === undefined ? isWide : place.high !== undefined) put(place?.high ?? -extra + 4, high);
  });
  try {
    const rax = yield* guestCall64(thread, address, ...Array.from(words, (word) => word ?? 0n));
    if (arena.thrown !== undefined) throw arena.thrown.error;
    arena.copyBack();
    return readResult(arena, result, rax, into);
  } finally {
    arena.free();
  }
}

function readResult(arena: Arena, type: AnyType, rax: bigint, into: number): unknown {
  const { thread } = arena;
  const { registers, pointerSize } = thread;
  if (into !== 0) return type.load(thread, into);
  if (type.passing === "float" && pointerSize === 4) return thread.popFloat();
  const at = type.passing === "float" ? REGISTER.xmm0 : REGISTER.rax;
  const low = type.passing === "float" ? registers[at]! : Number(rax & 0xffff_ffffn);
  const high = pointerSize === 8 ? (type.passing === "float" ? registers[at + 1]! : Number(rax >> 32n)) : registers[REGISTER.rdx]!;
  if (type.passing !== "block" || type.size(pointerSize) === 0) return type.fromWords(thread, low, type.size(pointerSize) <= 4 ? 0 : high);
  const address = arena.allocate(8);
  thread.memory.setU64(address, (BigInt(high) << 32n) | BigInt(low));
  return type.load(thread, address);
}

/** Memory of the guest's for the arguments of one call. */
class Arena implements ArgumentContext {
  readonly thread: Thread;
  /** What a callback threw. */
  thrown: { error: unknown } | undefined;
  readonly #jobs: LibraryJobs;
  readonly #blocks: number[] = [];
  readonly #after: (() => void)[] = [];

  constructor(thread: Thread, jobs: LibraryJobs) {
    this.thread = thread;
    this.#jobs = jobs;
  }

  allocate(bytes: number): number {
    const address = this.thread.process.heap.require(Math.max(bytes, 8));
    this.thread.memory.fill(address, 0, Math.max(bytes, 8));
    this.#blocks.push(address);
    return address;
  }

  free(): void {
    for (const address of this.#blocks) this.thread.process.heap.free(address);
  }

  /** Gives what the function wrote to who asked for it. */
  copyBack(): void {
    for (const action of this.#after) action();
  }

  /** An argument's word, with what it points to stored. */
  word(type: AnyType | undefined, arg: HostArgument): bigint {
    const { thread } = this;
    const { memory } = thread;
    if (typeof arg !== "object" || arg === null || arg instanceof GuestPlace) return argumentWord(this, type, arg);
    if (type instanceof PointerType) {
      const ref = arg as Ref<unknown>;
      const address = this.allocate(type.target.size(thread.pointerSize));
      if (ref.value !== undefined) type.target.store(thread, address, ref.value);
      this.#after.push(() => (ref.value = type.target.load(thread, address)));
      return BigInt(address);
    }
    const word = argumentWord(this, type, arg);
    const address = Number(word);
    if (arg instanceof Uint8Array && type?.direction !== "in") this.#after.push(() => arg.set(memory.slice(address, arg.length)));
    if (type instanceof ArrayPointerType && type.direction !== "in" && Array.isArray(arg)) {
      const { length } = arg;
      this.#after.push(() => void arg.splice(0, length, ...type.fromWords(thread, address).read(length)));
    }
    return word;
  }

  /** A value in memory, for what is passed by value there. */
  store(type: AnyType, value: unknown): number {
    const address = this.allocate(type.size(this.thread.pointerSize));
    type.store(this.thread, address, value);
    return address;
  }

  addCallback(callback: (...args: unknown[]) => unknown, type: AnyType | undefined): number {
    if (!(type instanceof CallbackType)) throw new TypeError("a function was given for a parameter that is no callback(fn(…))");
    return callbackAddress(this.thread, type, callback.name || "callback", (thread, args) =>
      this.#jobs.callBack(
        thread,
        () => callback(...args),
        (error) => (this.thrown ??= { error }),
      ),
    );
  }
}

/** The address of a function of TypeScript's. It stays: guest code may keep it. */
function callbackAddress(
  thread: Thread,
  { signature }: CallbackType<FunctionDeclaration>,
  name: string,
  call: (thread: Thread, args: readonly unknown[]) => unknown,
): number {
  const target = new ApiFunction({
    dll: "callback",
    name,
    key: name,
    declaration: signature,
    convention: "stdcall",
    body: (caller: Thread, ...args: unknown[]) => call(caller, args),
  });
  return thread.process.addFunction(target);
}
