import type { Device, Pool } from "./objects.ts";

/** The memory pools of a program: what each device takes from, and what was taken. */
export class Pools {
  readonly defaults = new Map<Device, Pool>();
  /** Where cuDeviceSetMemPool chose another than the default. */
  readonly current = new Map<Device, Pool>();
  readonly #owners = new Map<number, { readonly pool: Pool; readonly size: number }>();

  take(pool: Pool, address: number, size: number): void {
    pool.used += size;
    pool.most = Math.max(pool.most, pool.used);
    this.#owners.set(address, { pool, size });
  }

  /** Notes that an allocation is gone, if it was of a pool. */
  release(address: number): void {
    const owner = this.#owners.get(address);
    if (!owner) return;
    owner.pool.used -= owner.size;
    this.#owners.delete(address);
  }

  ownerOf(address: number): Pool | undefined {
    return this.#owners.get(address)?.pool;
  }
}
