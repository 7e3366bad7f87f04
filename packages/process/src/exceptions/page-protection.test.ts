import { PAGE } from "@decant/memory";
import { expect, test } from "vitest";
import type { Process } from "../process.ts";
import { noteProtection } from "./page-protection.ts";

const BASE = 0x4000_0000;
/** IMAGE_SCN_MEM_READ, with _WRITE and without. */
const DATA = 0xc000_0000;
const CONSTANTS = 0x4000_0000;

/** Whether code comes to be checked when a program protects bytes of its image, which has a section of data of 0x2100 bytes at 0x3000, and two of constants behind it. */
function becomesChecked(address: number, size: number, protection: number): boolean {
  const guards: string[] = [];
  const sections = [
    { rva: 0x3000, virtualSize: 0x2100, characteristics: DATA },
    { rva: 0x6000, virtualSize: 0x1800, characteristics: CONSTANTS },
    { rva: 0x8000, virtualSize: 0x800, characteristics: CONSTANTS },
  ];
  const module = { base: BASE, image: { sizeOfHeaders: 0x400, sections } };
  const process = { threads: new Set(), modules: { at: () => module }, machine: { guard: (how: string) => guards.push(how) } };
  noteProtection(process as unknown as Process, BASE + address, size, protection);
  expect(guards.every((how) => how === "checked")).toBe(true);
  return guards.length > 0;
}

test("a whole section that is made read-only is like one that the linker made so", () => {
  expect(becomesChecked(0x3000, 0x2100, PAGE.READONLY)).toBe(false);
  expect(becomesChecked(0x3000, 0x3000, PAGE.READONLY)).toBe(false);
});

test("a part of one, no access, or a guard is what the program wants to notice", () => {
  expect(becomesChecked(0x3000, 0x1000, PAGE.READONLY)).toBe(true);
  expect(becomesChecked(0x4000, 0x1100, PAGE.READONLY)).toBe(true);
  expect(becomesChecked(0x3000, 0x2100, PAGE.NOACCESS)).toBe(true);
  expect(becomesChecked(0x3000, 0x2100, PAGE.READWRITE | PAGE.GUARD)).toBe(true);
});

test("of several sections each must be so", () => {
  expect(becomesChecked(0x6000, 0x3000, PAGE.READONLY)).toBe(false);
  expect(becomesChecked(0x7000, 0x2000, PAGE.READONLY)).toBe(false);
  expect(becomesChecked(0x3000, 0x6000, PAGE.READONLY)).toBe(false);
  expect(becomesChecked(0x5000, 0x3000, PAGE.READONLY)).toBe(true);
  expect(becomesChecked(0x6000, 0x3000, PAGE.NOACCESS)).toBe(true);
});

test("what is put back as the linker made it is nothing new", () => {
  expect(becomesChecked(0x3000, 0x1000, PAGE.READWRITE)).toBe(false);
  expect(becomesChecked(0, 0x1000, PAGE.READONLY)).toBe(false);
});
