import type { GuestMemory } from "@decant/memory";

/** Bits of a base class's attributes in an object's class (RTTIBaseClassDescriptor). */
const BASE = { NOT_VISIBLE: 1, AMBIGUOUS: 2, PRIVATE: 4 } as const;
/** Where the name starts in a TypeDescriptor: behind two pointers. */
const nameOffset = ({ pointerSize }: GuestMemory): number => 2 * pointerSize;
/** Classes have a few bases; what bounds damaged tables. */
const MAX_BASES = 10_000;
const MAX_NAME = 4096;

/** What an object's virtual function table says of it (RTTICompleteObjectLocator). */
export interface ObjectLocator {
  /** The object that the given part belongs to. */
  readonly complete: number;
  /** Its TypeDescriptor. */
  readonly type: number;
  /** Its RTTIClassHierarchyDescriptor. */
  readonly hierarchy: number;
  /** What offsets in the tables are relative to; 0 on x86, where they are addresses. */
  readonly base: number;
}

/** A class of an object: itself first, then its bases, each followed by its own. */
interface BaseClass {
  readonly type: number;
  /** How many of the following are its bases. */
  readonly contained: number;
  /** Where its part of the object lies. */
  readonly address: number;
  readonly attributes: number;
}

/** Finds the object that a part with a virtual function table belongs to. Throws MemoryAccessError. */
export function locateObject(memory: GuestMemory, part: number): ObjectLocator {
  const { pointerSize } = memory;
  const locator = memory.u32(memory.u32(part) - pointerSize);
  const base = pointerSize === 8 ? locator - memory.u32(locator + 20) : 0;
  const constructorOffset = memory.u32(locator + 8);
  const displaced = constructorOffset === 0 ? 0 : memory.i32(part - constructorOffset);
  return {
    complete: (part - memory.u32(locator + 4) - displaced) >>> 0,
    type: base + memory.u32(locator + 12),
    hierarchy: base + memory.u32(locator + 16),
    base,
  };
}

/** The mangled name in a TypeDescriptor: ".?AVexception@std@@". */
export function typeName(memory: GuestMemory, type: number): string {
  return memory.cstring(type + nameOffset(memory), "latin1", MAX_NAME);
}

/** Whether two TypeDescriptors are the same type's: modules may have one each. */
export function isSameType(memory: GuestMemory, a: number, b: number): boolean {
  return a === b || typeName(memory, a) === typeName(memory, b);
}

/**
 * dynamic_cast: the address of an object's part of class `target`, where `part` is its part of class `source`; 0 when there is none that may be
 * reached (C++ [expr.dynamic.cast]). Throws MemoryAccessError.
 */
export function dynamicCast(memory: GuestMemory, part: number, source: number, target: number, delta: number): number {
  const object = locateObject(memory, part);
  const classes = readClasses(memory, object);
  const sourceAddress = (part - delta) >>> 0;
  const isSource = ({ type, address }: BaseClass): boolean => address === sourceAddress && isSameType(memory, type, source);
  const targets = classes.map((each, index) => ({ ...each, index })).filter(({ type }) => isSameType(memory, type, target));
  // Down: a target that the source is a base of. Virtual bases may be met more than once.
  const down = targets.filter(({ index, contained }) =>
    classes.slice(index + 1, index + 1 + contained).some((each) => isSource(each) && (each.attributes & BASE.PRIVATE) === 0),
  );
  if (new Set(down.map(({ address }) => address)).size === 1) return down[0]!.address;
  // Across: both must be public bases of the whole object, the target only once.
  if (!classes.some((each) => isSource(each) && (each.attributes & BASE.NOT_VISIBLE) === 0)) return 0;
  const visible = targets.filter(({ attributes }) => (attributes & (BASE.NOT_VISIBLE | BASE.AMBIGUOUS)) === 0);
  return new Set(visible.map(({ address }) => address)).size === 1 ? visible[0]!.address : 0;
}

function readClasses(memory: GuestMemory, { complete, hierarchy, base }: ObjectLocator): BaseClass[] {
  const array = base + memory.u32(hierarchy + 12);
  return Array.from({ length: Math.min(memory.u32(hierarchy + 8), MAX_BASES) }, (_, index) => {
    const at = base + memory.u32(array + 4 * index);
    return {
      type: base + memory.u32(at),
      contained: memory.u32(at + 4),
      address: adjustPointer(memory, complete, at + 8),
      attributes: memory.u32(at + 20),
    };
  });
}

/** Where a member lies that a PMD describes: a displacement, of what a table of virtual bases says where there is one (__AdjustPointer). */
export function adjustPointer(memory: GuestMemory, object: number, pmd: number): number {
  const tableOffset = memory.i32(pmd + 4);
  let address = object + memory.i32(pmd);
  if (tableOffset >= 0) address += tableOffset + memory.i32(memory.u32(object + tableOffset) + memory.i32(pmd + 8));
  return address >>> 0;
}
