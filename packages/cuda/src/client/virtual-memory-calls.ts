import { CUDA_ERROR, CudaError } from "../result.ts";
import type { CudaClient } from "./client.ts";
import { allocate, free } from "./memory-calls.ts";
import { type Context, type Mapping, PhysicalMemory, Reservation } from "./objects.ts";
import type { CudaThread } from "./thread.ts";

/** What cuMemGetAllocationGranularity answers, in bytes: as GPUs do. */
const GRANULARITY = 2 * 1024 * 1024;
/** CU_MEM_ACCESS_FLAGS_PROT_NONE, READ and READWRITE. */
const ACCESS = { NONE: 0, READ: 1, READWRITE: 3 } as const;

/** Bytes of which sizes and addresses of the virtual memory calls are multiples. */
export function cuMemGetAllocationGranularity(thread: CudaThread, dev: number): number {
  thread.client.device(dev);
  return GRANULARITY;
}

/** Reserves addresses of the current context. `alignment` is 0 or a power of two; `addr` is where they should be, if that is free. */
export function cuMemAddressReserve(thread: CudaThread, size: number, alignment = 0, addr = 0): number {
  const { memory, reservations } = thread.context();
  const isPowerOfTwo = alignment === 0 || Number.isInteger(Math.log2(alignment));
  if (size === 0 || size % GRANULARITY !== 0 || !isPowerOfTwo) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const wanted = addr !== 0 && addr % Math.max(alignment, GRANULARITY) === 0 && memory.reserve(addr, size) ? addr : undefined;
  const address = wanted ?? memory.findFree(size, Math.max(alignment, GRANULARITY));
  if (address === undefined) return reserveWide(thread.context(), size, Math.max(alignment, GRANULARITY));
  if (wanted === undefined) memory.reserve(address, size);
  reservations.set(address, new Reservation(address, size));
  return address;
}

/**
 * Programs reserve tens of gigabytes, as GPUs let them, and map a little at the beginning. Such a reservation begins in the middle of what is free above
 * the last of its kind, and takes nothing: allocations come from below, mappings go up, and where they meet cuMemMap fails as it does without memory.
 */
function reserveWide({ memory, reservations }: Context, size: number, alignment: number): number {
  const free = memory.largestHole;
  const end = free.address + free.size;
  const others = [...reservations.values()].flatMap((other) => (other.isWide && other.address < end ? [other.address] : []));
  const address = Math.ceil((Math.max(free.address, ...others) + end) / 2 / alignment) * alignment;
  if (address >= end || reservations.has(address)) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
  reservations.set(address, new Reservation(address, size, true));
  return address;
}

/** Gives a reservation back, which must be free of mappings. */
export function cuMemAddressFree(thread: CudaThread, ptr: number, size: number): void {
  const { context, reservation } = reservationAt(thread.client, ptr, size);
  if (reservation.address !== ptr || reservation.size !== size || reservation.mappings.size > 0)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  context.reservations.delete(ptr);
  if (!reservation.isWide) context.memory.unreserve(ptr, size);
}

/** Device memory without an address: the handle of an allocation for cuMemMap. */
export function cuMemCreate(thread: CudaThread, size: number, dev: number): number {
  const { client } = thread;
  const device = client.device(dev);
  if (size === 0 || size % GRANULARITY !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (size > device.info.totalMem - client.allocatedBytes(device)) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
  const memory = client.register(new PhysicalMemory(client.handle(), device, size));
  client.physical.add(memory);
  return memory.handle;
}

/** Gives one reference up. The memory lives until its last reference and its mapping are gone. */
export function cuMemRelease(thread: CudaThread, handle: number): void {
  const memory = thread.client.object(handle, PhysicalMemory);
  if (--memory.references === 0) drop(thread.client, memory);
}

/** The handle of what is mapped at an address, with one more reference. */
export function cuMemRetainAllocationHandle(thread: CudaThread, addr: number): number {
  const { memory } = mappingAt(thread.client, addr).mapping;
  memory.references++;
  return memory.handle;
}

/** Where an allocation lies, for cuMemGetAllocationPropertiesFromHandle. */
export function allocationDevice(thread: CudaThread, handle: number): number {
  return thread.client.object(handle, PhysicalMemory).device.ordinal;
}

/** Maps an allocation, whole, into a reservation. It can be accessed after cuMemSetAccess; it can be mapped in one place at a time. */
export function cuMemMap(thread: CudaThread, ptr: number, size: number, offset: number, handle: number): void {
  const { client } = thread;
  const memory = client.object(handle, PhysicalMemory);
  const { context, reservation } = reservationAt(client, ptr, size);
  if (offset !== 0 || size !== memory.size || ptr % GRANULARITY !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  for (const { address, memory: other } of reservation.mappings.values())
    if (ptr < address + other.size && address < ptr + size) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (memory.mapping) throw new CudaError(CUDA_ERROR.NOT_SUPPORTED, "the same memory at two addresses");
  if (memory.device !== context.device) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (reservation.isWide && !context.memory.reserve(ptr, size)) throw new CudaError(CUDA_ERROR.OUT_OF_MEMORY);
  memory.mapping = { address: ptr, memory, access: ACCESS.NONE };
  reservation.mappings.set(ptr, memory.mapping);
}

/** Takes all mappings of a range away; it must not cut one. What they held is there when it is mapped again. */
export function cuMemUnmap(thread: CudaThread, ptr: number, size: number): void {
  const { client } = thread;
  const { context, reservation, mappings } = wholeMappings(client, ptr, size);
  for (const mapping of mappings) {
    const { memory } = mapping;
    if (mapping.access !== ACCESS.NONE) setBacking(client, context, mapping, false);
    reservation.mappings.delete(mapping.address);
    if (reservation.isWide) context.memory.unreserve(mapping.address, memory.size);
    memory.mapping = undefined;
    if (memory.references === 0) drop(client, memory);
  }
}

/** Says how a device may access the mappings of a range: CU_MEM_ACCESS_FLAGS. */
export function cuMemSetAccess(thread: CudaThread, ptr: number, size: number, dev: number, flags: number): void {
  const { client } = thread;
  const { context, mappings } = wholeMappings(client, ptr, size);
  if (client.device(dev) !== context.device || !Object.values(ACCESS).includes(flags as 0)) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  for (const mapping of mappings) {
    const [was, is] = [mapping.access !== ACCESS.NONE, flags !== ACCESS.NONE];
    if (was !== is) setBacking(client, context, mapping, is);
    mapping.access = flags;
  }
}

export function cuMemGetAccess(thread: CudaThread, ptr: number, dev: number): number {
  const { context, mapping } = mappingAt(thread.client, ptr);
  return context.device === thread.client.device(dev) ? mapping.access : ACCESS.NONE;
}

/** Puts memory behind a mapping's addresses, with what it held before; or takes it from there, and keeps that elsewhere while somebody has the handle. */
function setBacking(client: CudaClient, context: Context, { address, memory }: Mapping, isBacked: boolean): void {
  const { session } = client;
  const { size } = memory;
  const copy = (to: number, from: number): void => void session.cuMemcpyDtoD(context.handle, to, from, size);
  if (isBacked) {
    context.memory.allocations.add(address, size);
    session.cuMemAlloc(address, context.handle, size);
    if (memory.kept !== undefined) {
      copy(address, memory.kept);
      free(client, memory.kept);
      memory.kept = undefined;
    }
    return;
  }
  context.memory.allocations.remove(address);
  if (memory.references > 0) {
    memory.kept = allocate(client, context, size);
    copy(memory.kept, address);
  }
  session.cuMemFree(address, context.handle);
}

function drop(client: CudaClient, memory: PhysicalMemory): void {
  client.forget(memory);
  if (memory.mapping) return;
  client.physical.delete(memory);
  if (memory.kept !== undefined) free(client, memory.kept);
}

function reservationAt(client: CudaClient, address: number, size: number): { context: Context; reservation: Reservation } {
  const all = [...client.contexts].flatMap((context) =>
    [...context.reservations.values()].map((reservation) => ({ context, reservation })),
  );
  // A wide one counts addresses that others have as its own.
  const found = [
    ...all.filter(({ reservation }) => !reservation.isWide),
    ...all.filter(({ reservation }) => reservation.isWide).reverse(),
  ].find(({ reservation }) => address >= reservation.address && address + size <= reservation.address + reservation.size && size > 0);
  if (!found) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return found;
}

function mappingAt(client: CudaClient, address: number): { context: Context; mapping: Mapping } {
  const { context, reservation } = reservationAt(client, address, 1);
  for (const mapping of reservation.mappings.values())
    if (address >= mapping.address && address < mapping.address + mapping.memory.size) return { context, mapping };
  throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

/** The mappings that fill a range, which may neither cut one nor have gaps. */
function wholeMappings(client: CudaClient, ptr: number, size: number): { context: Context; reservation: Reservation; mappings: Mapping[] } {
  const found = reservationAt(client, ptr, size);
  const mappings: Mapping[] = [];
  for (let at = ptr; at < ptr + size;) {
    const mapping = found.reservation.mappings.get(at);
    if (!mapping || at + mapping.memory.size > ptr + size) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    mappings.push(mapping);
    at += mapping.memory.size;
  }
  return { ...found, mappings };
}
