import { ByteWriter, FUNCREF, FunctionBuilder, ModuleBuilder, OP } from "@decant/wasm";
import { CPU } from "../cpu-block.ts";
import type { Batch } from "./batch.ts";
import { joinRanges, type Range } from "./changing-code.ts";
import type { CodeForm } from "./code-form.ts";
import { CPU_ADDRESS, jumpCacheSalt, MAX_BOUND } from "./layout.ts";
import { declare, IMPORT_NUMBERS, unitName, type Declarations } from "./module-context.ts";
import { pushVector } from "./runtime-module.ts";
import { KIND_BITS, RELOCATION, writeConstant, writeDirectCall, writeTableCall } from "./relocation.ts";
import type { Stub } from "./stub.ts";

/** One translated guest function, fit for any module of any run. */
export interface TranslatedUnit {
  /** Its guest address. */
  readonly entry: number;
  /** The function's entry in a code section, without its size; what `relocations` name is to be filled in. */
  readonly body: Uint8Array;
  /** Pairs of words: an offset in `body`, and what belongs there (relocation.ts). */
  readonly relocations: Uint32Array;
  /** API functions, and guest functions, that relocations are of. */
  readonly stubs: readonly Stub[];
  readonly targets: ArrayLike<number>;
  /** The bytes that it was made from. */
  readonly ranges: readonly Range[];
  /** The guest may write to some of them: the unit compares them itself, and only for this process is what it was compiled to. */
  readonly isChanging: boolean;
  /** The return addresses of its calls. */
  readonly returnSites: ArrayLike<number>;
  /** Where it may trap, by offset in `body` (site-table.ts). */
  readonly sites: Uint8Array;
  readonly instructionCount: number;
  readonly form: CodeForm;
  /** False when it rests on more than it lists here, as on bytes that the guest may change: no later run can use it. */
  readonly isPortable: boolean;
}

/** Every module is made with it: what it writes into keeps its room. */
const builder = new ModuleBuilder();

/**
 * Puts units, with the hashes of the bytes that they were made from, into one module: calls between them are direct, and for every other guest function that they call the module's table has a link. At first a function is
 * there that has the machine put the real one in its stead, so later calls cost one call through the module's own table.
 */
export function linkBatch(units: readonly TranslatedUnit[], slot: number, sources: readonly bigint[]): { batch: Batch; bytes: Uint8Array } {
  // Code that may change is only called through the table, where other code can be put for it.
  const direct = new Set<number>();
  for (const { isChanging, entry } of units) if (!isChanging) direct.add(entry);
  const places = new Map<number, number>();
  for (const { targets } of units) {
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as number;
      if (!direct.has(target) && !places.has(target)) places.set(target, units.length + places.size);
    }
  }
  const links = [...places.keys()];
  const m = builder.clear();
  m.name = `guest${slot}`;
  const declared = declare(m, usedImports(units, links.length > 0));
  const entries: number[] = [];
  const all: number[] = [];
  const functions = new Map<number, number>();
  const returnSites: number[] = [];
  const ranges: Range[] = [];
  const stubs = new Set<Stub>();
  for (const unit of units) {
    const { entry } = unit;
    const index = m.finishedFunction(declared.unitType, unit.body, unitName(entry));
    entries.push(entry);
    all.push(index);
    if (direct.has(entry)) functions.set(entry, index);
    for (let i = 0; i < unit.returnSites.length; i++) returnSites.push(unit.returnSites[i] as number);
    for (const range of unit.ranges) ranges.push(range);
    for (const stub of unit.stubs) stubs.add(stub);
  }
  finishTable(m, declared, all, links, slot);
  const bytes = m.finish();
  const offsets = m.bodyOffsets.slice(0, units.length);
  const { unitType, imports } = declared;
  const placement: Placement = { slot, functions, places, unitType, imports };
  for (let n = 0; n < units.length; n++) fill(bytes, offsets[n] as number, units[n] as TranslatedUnit, placement);
  const at = (n: number): TranslatedUnit => units[n] as TranslatedUnit;
  const batch: Batch = {
    slot,
    entries,
    offsets,
    links,
    returnSites,
    spans: joinRanges(ranges),
    stubs: [...stubs],
    sources,
    unitAt: (entry) => entries.indexOf(entry),
    rangesOf: (n) => at(n).ranges,
    stubsOf: (n) => at(n).stubs,
    isChanging: (n) => at(n).isChanging,
    sitesOf: (n) => at(n).sites,
  };
  return { batch, bytes };
}

/** The table, `enter`, and the links' first functions, each twice: at its place, and to be put back after the last of them. */
function finishTable(m: ModuleBuilder, declared: Declarations, units: readonly number[], links: readonly number[], slot: number): void {
  const first = links.map((address, n) => linkFunction(m, declared, address, slot, n));
  const all = [...units, ...first, ...first];
  const table = m.table(FUNCREF, all.length, all.length + MAX_BOUND);
  m.elem(table, 0, all);
  m.exportTable("table", table);
  const enter = m.function(declared.toNextType, "enter");
  enter.localGet(0).returnCallIndirect(declared.unitType, table);
  m.exportFunction("enter", enter.index);
}

const LINK = IMPORT_NUMBERS.runtime.link;
const GO = IMPORT_NUMBERS.runtime.go;

function usedImports(units: readonly TranslatedUnit[], hasLinks: boolean): Set<number> {
  const used = new Set<number>(hasLinks ? [LINK, GO] : []);
  for (const { relocations } of units) {
    for (let i = 1; i < relocations.length; i += 2) {
      const word = relocations[i] as number;
      if ((word & KIND_MASK) === RELOCATION.import) used.add(word >>> KIND_BITS);
    }
  }
  return used;
}

/** A link's code is written here first. */
const linkCode = new ByteWriter();
/** Its number is known when it is put into the module. */
const NO_INDEX = -1;

function linkFunction(m: ModuleBuilder, { unitType, imports }: Declarations, address: number, slot: number, n: number): number {
  const f = new FunctionBuilder(NO_INDEX, unitType, 0, undefined, linkCode.clear());
  f.i32Const(CPU_ADDRESS)
    .i32Const(address | 0)
    .store(OP.i32_store, CPU.rip, 2);
  f.i32Const((slot << 16) | n);
  pushVector(f);
  f.call(imports.get(LINK) as number)
    .drop()
    .i32Const(address | 0);
  pushVector(f);
  f.returnCall(imports.get(GO) as number);
  // Where the host's stack ends as it is entered, the name says where to go on.
  return m.finishedFunction(unitType, f.body().bytes, unitName(address));
}

interface Placement {
  readonly slot: number;
  /** Wasm functions of the module's units, and places in its table of its links, by guest address. */
  readonly functions: ReadonlyMap<number, number>;
  readonly places: ReadonlyMap<number, number>;
  readonly unitType: number;
  readonly imports: ReadonlyMap<number, number>;
}

const KIND_MASK = (1 << KIND_BITS) - 1;

function fill(bytes: Uint8Array, start: number, { relocations, stubs, targets }: TranslatedUnit, placement: Placement): void {
  const { slot, functions, places, unitType, imports } = placement;
  for (let i = 0; i < relocations.length; i += 2) {
    const at = start + (relocations[i] as number);
    const word = relocations[i + 1] as number;
    const operand = word >>> KIND_BITS;
    const kind = word & KIND_MASK;
    switch (kind) {
      case RELOCATION.slot:
        writeConstant(bytes, at, slot);
        break;
      case RELOCATION.slotSalt:
        writeConstant(bytes, at, jumpCacheSalt(slot) << 3);
        break;
      case RELOCATION.slotHigh:
        writeConstant(bytes, at, slot << 16);
        break;
      case RELOCATION.apiIndex:
        writeConstant(bytes, at, (stubs[operand] as Stub).index);
        break;
      case RELOCATION.import:
        writeConstant(bytes, at, imports.get(operand) as number);
        break;
      case RELOCATION.stubAddress:
        writeConstant(bytes, at, (stubs[operand] as Stub).address);
        break;
      default: {
        const target = targets[operand] as number;
        const isTail = kind === RELOCATION.jump;
        const known = functions.get(target);
        if (known !== undefined) writeDirectCall(bytes, at, known, isTail);
        else writeTableCall(bytes, at, places.get(target) as number, unitType, isTail);
      }
    }
  }
}
