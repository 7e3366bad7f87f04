import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { check, type Libcuda } from "./libcuda.ts";
import { type PinnedMemory, pinnedMemory } from "./pinned-memory.ts";

/** Gates that may be closed at a time. */
const WORDS = 1024;
/** CU_STREAM_WAIT_VALUE_GEQ: goes on when the word, less the value and taken as signed, is not negative. */
const AT_LEAST = 0;

interface Gate {
  readonly context: object;
  readonly word: number;
  readonly value: number;
}

/**
 * Points where streams stop until they are told to go on: a stream waits for a word of page-locked memory (cuStreamWaitValue32), which is written from here. A host
 * function of the library's own would run on a thread of its, and could not wait for another machine without holding that up.
 *
 * Values of a word only rise, so that it can be used again at once: who still waits for an earlier one goes on too.
 */
export class Gates {
  readonly #cuda: Libcuda;
  readonly #gates = new Map<number, Gate>();
  #memory: PinnedMemory | undefined;
  #words: Uint32Array = new Uint32Array(0);
  readonly #free: number[] = [];

  constructor(cuda: Libcuda) {
    this.#cuda = cuda;
  }

  /** Makes the words, in a current context. */
  prepare(): void {
    if (this.#memory !== undefined) return;
    this.#memory = pinnedMemory(this.#cuda, 4 * WORDS);
    this.#words = new Uint32Array(this.#memory.bytes.buffer, this.#memory.bytes.byteOffset, WORDS).fill(0);
    for (let word = 0; word < WORDS; word++) this.#free.push(word);
  }

  /** Stops a stream of the current context here. */
  close(handle: number, context: object, stream: bigint): void {
    const word = this.#free.pop();
    if (word === undefined) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY, `${WORDS} host functions wait`);
    const value = (this.#words[word]! + 1) >>> 0;
    const result = this.#cuda.cuStreamWaitValue32_v2(stream, this.#memory!.address + BigInt(4 * word), value, AT_LEAST);
    if (result !== CUDA_ERROR.SUCCESS) this.#free.push(word);
    check(result);
    this.#gates.set(handle, { context, word, value });
  }

  /** Lets a stream go on; nothing for a gate that is not there, or not any more. */
  open(handle: number): void {
    const gate = this.#gates.get(handle);
    if (gate === undefined) return;
    this.#gates.delete(handle);
    Atomics.store(this.#words, gate.word, gate.value);
    this.#free.push(gate.word);
  }

  openAll(context: object): void {
    for (const [handle, gate] of this.#gates) if (gate.context === context) this.open(handle);
  }

  areClosed(context: object): boolean {
    for (const gate of this.#gates.values()) if (gate.context === context) return true;
    return false;
  }
}
