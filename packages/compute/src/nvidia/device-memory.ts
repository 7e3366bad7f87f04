import { CUDA_ERROR, CudaError } from "@decant/cuda";
import { check, type Libcuda } from "./libcuda.ts";

/** Address space for each context: its client chooses addresses in it. */
export const SLOT_BYTES = 2 ** 36;
export const SLOTS = 4;

/** A piece of device memory that lies behind part of the arena. */
interface Mapping {
  readonly address: bigint;
  readonly size: number;
  readonly handle: bigint;
  /** Allocations that lie in it. */
  users: number;
}

/**
 * Device memory at addresses that the client chose: an arena is reserved once, and pages are put behind it where allocations lie (the driver's virtual memory
 * functions, in units of its granularity). Units that two allocations share, and the runs between, are mappings of their own.
 */
export class DeviceMemory {
  readonly base: bigint;
  readonly #cuda: Libcuda;
  readonly #unit: number;
  readonly #properties: Uint8Array;
  readonly #access: Uint8Array;
  /** By each unit's number in the arena. */
  readonly #mappings = new Map<number, Mapping>();
  readonly #allocations = new Map<number, number>();

  constructor(cuda: Libcuda, device: number) {
    this.#cuda = cuda;
    this.#properties = properties(device);
    this.#access = access(device);
    const unit = new BigUint64Array(1);
    check(cuda.cuMemGetAllocationGranularity(unit, this.#properties, 0));
    this.#unit = Number(unit[0]);
    const base = new BigUint64Array(1);
    check(cuda.cuMemAddressReserve(base, SLOTS * SLOT_BYTES, 0, 0, 0), "the device's address space is used up");
    this.base = base[0]!;
  }

  /** Puts memory behind [address, address + size). It is not zeroed. */
  allocate(address: number, size: number): void {
    const [first, end] = this.#units(address, size);
    const made: Mapping[] = [];
    try {
      for (let unit = first; unit < end;) {
        const known = this.#mappings.get(unit);
        // The first and the last unit may be shared with neighbours; what lies between is this allocation's alone.
        let next = unit + 1;
        if (known === undefined && unit > first) while (next < end - 1 && !this.#mappings.has(next)) next++;
        const mapping = known ?? this.#map(unit, next);
        mapping.users++;
        made.push(mapping);
        unit = known === undefined ? next : this.#endOf(known);
      }
    } catch (error) {
      for (const mapping of made) this.#drop(mapping);
      throw error;
    }
    this.#allocations.set(address, size);
  }

  /** Bytes of the allocation that begins at an address; fails with CUDA_ERROR_INVALID_VALUE. */
  sizeOf(address: number): number {
    const size = this.#allocations.get(address);
    if (size === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    return size;
  }

  /** Takes the memory of an allocation away. Nothing may use it any more. */
  free(address: number): void {
    const size = this.sizeOf(address);
    this.#allocations.delete(address);
    const [first, end] = this.#units(address, size);
    for (let unit = first; unit < end;) {
      const mapping = this.#mappings.get(unit);
      if (mapping === undefined) return;
      unit = this.#endOf(mapping);
      this.#drop(mapping);
    }
  }

  /** Frees what a context's slot still holds. */
  clear(slot: number): void {
    const start = Number(this.base) + slot * SLOT_BYTES;
    for (const address of [...this.#allocations.keys()]) if (address >= start && address < start + SLOT_BYTES) this.free(address);
  }

  #units(address: number, size: number): [first: number, end: number] {
    const offset = address - Number(this.base);
    return [Math.floor(offset / this.#unit), Math.ceil((offset + size) / this.#unit)];
  }

  #endOf({ address, size }: Mapping): number {
    return Number((address - this.base) / BigInt(this.#unit)) + size / this.#unit;
  }

  #map(first: number, end: number): Mapping {
    const address = this.base + BigInt(first) * BigInt(this.#unit);
    const size = (end - first) * this.#unit;
    const handle = new BigUint64Array(1);
    check(this.#cuda.cuMemCreate(handle, size, this.#properties, 0));
    const mapped = this.#cuda.cuMemMap(address, size, 0, handle[0]!, 0);
    const opened = mapped === CUDA_ERROR.SUCCESS ? this.#cuda.cuMemSetAccess(address, size, this.#access, 1) : mapped;
    if (opened !== CUDA_ERROR.SUCCESS) {
      if (mapped === CUDA_ERROR.SUCCESS) this.#cuda.cuMemUnmap(address, size);
      this.#cuda.cuMemRelease(handle[0]!);
      check(opened);
    }
    const mapping = { address, size, handle: handle[0]!, users: 0 };
    for (let unit = first; unit < end; unit++) this.#mappings.set(unit, mapping);
    return mapping;
  }

  #drop(mapping: Mapping): void {
    if (--mapping.users > 0) return;
    const first = Number((mapping.address - this.base) / BigInt(this.#unit));
    for (let unit = first; unit < this.#endOf(mapping); unit++) this.#mappings.delete(unit);
    this.#cuda.cuMemUnmap(mapping.address, mapping.size);
    this.#cuda.cuMemRelease(mapping.handle);
  }
}

/** CUmemAllocationProp of cuda.h: pinned (1) memory of a device, 32 bytes. */
function properties(device: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setInt32(0, 1, true);
  view.setInt32(8, LOCATION_DEVICE, true);
  view.setInt32(12, device, true);
  return new Uint8Array(view.buffer);
}

/** CUmemAccessDesc: a device may read and write (3). */
function access(device: number): Uint8Array {
  return new Uint8Array(Int32Array.of(LOCATION_DEVICE, device, 3).buffer);
}

const LOCATION_DEVICE = 1;
