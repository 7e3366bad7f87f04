import { HresultError } from "@decant/hook";
import type { Thread } from "@decant/process";

const E_INSUFFICIENT_MEMORY = 0x8009_0300;

/** Memory that SSPI gives, and FreeContextBuffer takes back. */
export class SecurityMemory {
  readonly #given = new Set<number>();

  static of({ process }: Thread): SecurityMemory {
    return process.state(SecurityMemory, () => new SecurityMemory());
  }

  /** Fails with SEC_E_INSUFFICIENT_MEMORY. */
  give({ process, memory }: Thread, bytes: Uint8Array): number {
    const address = process.heap.allocate(bytes.length);
    if (address === 0) throw new HresultError(E_INSUFFICIENT_MEMORY);
    memory.write(address, bytes);
    this.#given.add(address);
    return address;
  }

  /** Whether it was given. */
  free({ process }: Thread, address: number): boolean {
    if (!this.#given.delete(address)) return false;
    process.heap.free(address);
    return true;
  }
}
