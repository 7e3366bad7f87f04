import { GuestMemory, PAGE } from "@decant/memory";
import { CONTEXT_SIZE, CPU, putX87, X87_FORM, x87Image } from "@decant/x86";
import { expect, test } from "vitest";
import { readExtendedSave, readFloatSave, writeExtendedSave, writeFloatSave } from "./x87-record.ts";

const AT = 0x20_0000;

function memoryAt(): GuestMemory {
  const memory = new GuestMemory();
  memory.allocate(0x1_0000, PAGE.READWRITE, { at: AT });
  return memory;
}

/** A block whose stack holds 1.5, a number that no double is, and infinity. */
function block(): DataView {
  const view = new DataView(new ArrayBuffer(CONTEXT_SIZE));
  view.setUint32(CPU.fpControl, 0x37f, true);
  view.setUint32(CPU.fpStatus, 0x4101, true);
  view.setUint32(CPU.fpTop, 5, true);
  for (let n = 0; n < 5; n++) view.setUint32(CPU.x87 + 16 * n + 8, X87_FORM.empty, true);
  putX87(view, CPU.x87 + 16 * 5, 0xc000_0000_0000_0000n, 0x3fff);
  putX87(view, CPU.x87 + 16 * 6, 0xc90f_daa2_2168_c235n, 0xc000);
  putX87(view, CPU.x87 + 16 * 7, 0x8000_0000_0000_0000n, 0x7fff);
  return view;
}

/** As FXSAVE and FNSAVE lay it out (Intel SDM, FXSAVE table 3-50; volume 1, figure 8-9). */
test("the images have control, status with the top, tags, and the registers from st(0) on", () => {
  const memory = memoryAt();
  writeExtendedSave(memory, AT, block());
  expect([memory.u16(AT), memory.u16(AT + 2), memory.u16(AT + 4)]).toEqual([0x37f, 0x6901, 0xe0]);
  expect([memory.u64(AT + 0x20), memory.u16(AT + 0x28)]).toEqual([0xc000_0000_0000_0000n, 0x3fff]);
  expect([memory.u64(AT + 0x30), memory.u16(AT + 0x38)]).toEqual([0xc90f_daa2_2168_c235n, 0xc000]);
  writeFloatSave(memory, AT, block());
  expect([0, 4, 8].map((offset) => memory.u32(AT + offset))).toEqual([0xffff_037f, 0xffff_6901, 0xffff_83ff]);
  expect([memory.u64(AT + 28 + 10), memory.u16(AT + 28 + 18)]).toEqual([0xc90f_daa2_2168_c235n, 0xc000]);
});

test("what is read back is what was written", () => {
  const memory = memoryAt();
  const before = block();
  for (const [write, read] of [
    [writeExtendedSave, readExtendedSave],
    [writeFloatSave, readFloatSave],
  ] as const) {
    const after = new DataView(new ArrayBuffer(CONTEXT_SIZE));
    write(memory, AT, before);
    read(memory, AT, after);
    for (const field of [CPU.fpControl, CPU.fpStatus, CPU.fpTop]) expect(after.getUint32(field, true)).toBe(before.getUint32(field, true));
    for (let n = 0; n < 8; n++) {
      const at = CPU.x87 + 16 * n;
      expect(after.getUint32(at + 8, true) & X87_FORM.empty).toBe(before.getUint32(at + 8, true) & X87_FORM.empty);
      expect(x87Image(after, at)).toEqual(x87Image(before, at));
    }
  }
});
