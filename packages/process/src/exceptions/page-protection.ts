import { PAGE } from "@decant/memory";
import type { Module } from "../loader/module.ts";
import { sectionProtection } from "../loader/map-image.ts";
import type { Process } from "../process.ts";

/** Protections under which some access that data are for faults. */
const LIMITED: ReadonlySet<number> = new Set([PAGE.NOACCESS, PAGE.READONLY]);

/**
 * To be told of each protection that the guest gives to committed pages. When its code could notice it, by an access that must fault now, every
 * access is checked from here on. It could not where the pages were so before (sections that are put back as the linker made them: mingw's start-up does so with all that
 * lie together), nor on the stack, whose end is watched in another way. A whole section that is made read-only is like one that the linker made so: Microsoft's
 * C runtime does that to its function pointers in every program. Pages that may be executed are not data: writes to them are not refused, as code that changes
 * is found when it runs.
 */
export function noteProtection(process: Process, address: number, size: number, protection: number): void {
  const isGuard = (protection & PAGE.GUARD) !== 0;
  if (!isGuard && !LIMITED.has(protection & 0xff)) return;
  for (const thread of process.threads) {
    if (address < thread.stackHigh && address + size > thread.stackLow) {
      if (isGuard) thread.restoreStackGuard();
      return;
    }
  }
  const module = process.modules.at(address);
  if (!isGuard && module !== undefined && isAsLinked(module, address, size, protection)) return;
  process.machine.guard("checked");
}

function isAsLinked({ image, base }: Module, address: number, size: number, protection: number): boolean {
  const first = address - base;
  if (first + size <= Math.max(image.sizeOfHeaders, 0x1000)) return protection === PAGE.READONLY;
  const touched = image.sections.filter(({ rva, virtualSize }) => rva < first + size && first < rva + roundUp(virtualSize));
  return (
    touched.length > 0 &&
    touched.every((section) => {
      const isWhole = first <= section.rva && first + size >= section.rva + section.virtualSize;
      return sectionProtection(section) === protection || (protection === PAGE.READONLY && isWhole);
    })
  );
}

function roundUp(size: number): number {
  return Math.ceil(size / 0x1000) * 0x1000;
}
