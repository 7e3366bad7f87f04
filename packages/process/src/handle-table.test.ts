import { expect, test } from "vitest";
import type { Handle } from "@decant/hook";
import { HandleTable } from "./handle-table.ts";
import { Event } from "./objects/event.ts";
import { KernelObject } from "./objects/kernel-object.ts";
import { Semaphore } from "./objects/semaphore.ts";

class Closing extends KernelObject {
  closed = 0;

  protected override close(): void {
    this.closed++;
  }
}

test("handles are multiples of four that start at four, and are used again", () => {
  const table = new HandleTable();
  const event = new Event(false, false);
  expect([table.add(event), table.add(event)]).toEqual([4, 8]);
  table.close(4 as Handle);
  expect(table.add(event)).toBe(4);
  expect(table.count).toBe(2);
});

test("an object of another kind, a closed handle and nonsense are ERROR_INVALID_HANDLE", () => {
  const table = new HandleTable();
  const handle = table.add(new Event(false, false));
  expect(table.get(handle, Event)).toBeInstanceOf(Event);
  expect(table.get(handle, KernelObject)).toBeInstanceOf(Event);
  expect(() => table.get(handle, Semaphore)).toThrow(/INVALID_HANDLE/);
  table.close(handle);
  for (const bad of [handle, 0, -1, 3, 0x7fff_fffc, 400]) {
    expect(() => table.get(bad as Handle, KernelObject)).toThrow(/INVALID_HANDLE/);
    expect(() => table.close(bad as Handle)).toThrow(/INVALID_HANDLE/);
  }
});

test("an object closes with its last handle, in whatever table that is", () => {
  const [table, other] = [new HandleTable(), new HandleTable()];
  const object = new Closing();
  const handle = table.add(object);
  const copy = table.duplicate(handle, other);
  table.close(handle);
  expect(object.closed).toBe(0);
  other.close(copy);
  expect(object.closed).toBe(1);
});

test("the end of a process closes everything", () => {
  const table = new HandleTable();
  const objects = [new Closing(), new Closing()];
  for (const object of objects) table.add(object);
  table.closeAll();
  expect(objects.map(({ closed }) => closed)).toEqual([1, 1]);
  expect([...table]).toEqual([]);
});

test("pseudo-handles are there without being opened, and closing them does nothing", () => {
  const event = new Event(false, false);
  const table = new HandleTable((handle) => (handle === -2 ? event : undefined));
  expect(table.get(-2 as Handle, Event)).toBe(event);
  table.close(-2 as Handle);
  expect(table.get(table.duplicate(-2 as Handle), Event)).toBe(event);
});
