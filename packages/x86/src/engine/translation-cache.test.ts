import { describe, expect, test } from "vitest";
import { PAGE } from "@decant/memory";
import type { Machine, MachineOptions } from "./index.ts";
import { CODE, TestGuest } from "./test-guest.ts";
import type { TranslationStorage } from "./storage.ts";

/** What is kept, in memory. */
class Kept implements TranslationStorage {
  readonly key: string;
  /** Of records, and of modules. */
  bytes: Uint8Array | undefined;
  linked: Uint8Array | undefined;
  appends = 0;
  loads = 0;
  links = 0;

  constructor(key = "a translator, a program") {
    this.key = key;
  }

  copy(): Kept {
    return Object.assign(new Kept(this.key), { bytes: this.bytes, linked: this.linked });
  }

  readonly records = {
    limitBytes: 2 ** 20,
    size: () => this.bytes?.length ?? 0,
    load: (from: number) => {
      this.loads++;
      return this.bytes?.slice(from);
    },
    append: (bytes: Uint8Array) => {
      this.appends++;
      this.bytes = new Uint8Array([...(this.bytes ?? []), ...bytes]);
    },
    replace: (bytes: Uint8Array) => {
      this.bytes = bytes.slice();
    },
  };
  readonly modules: TranslationStorage["modules"] = {
    load: () => this.linked?.slice(),
    replace: (bytes) => {
      this.links++;
      this.linked = bytes.slice();
    },
  };
}

/** eax = 5 + 2 * ecx, by a call: call 0x20 bytes on; add eax, 5; ret; there lea eax, [rcx+rcx]; ret. */
const CALLER = "e81b00000083c005c3";
const CALLEE = "8d0409c3";

function run(kept: TranslationStorage, options: Partial<MachineOptions> & { callee?: string; caller?: string } = {}) {
  const { callee = CALLEE, caller = CALLER, ...rest } = options;
  const guest = new TestGuest({ translations: kept, ...rest });
  guest.load(caller);
  guest.load(callee, CODE + 0x20);
  const result = guest.call(10);
  guest.machine.save();
  const { functions, keptFunctions, batches } = guest.machine.statistics;
  return { result, functions, keptFunctions, batches, guest };
}

test("a second run translates nothing, and loads what it needs as one module", () => {
  const kept = new Kept();
  expect(run(kept)).toMatchObject({ result: 25, functions: 1, keptFunctions: 0 });
  expect(run(kept)).toMatchObject({ result: 25, functions: 0, keptFunctions: 1, batches: 1 });
  expect(kept.appends).toBe(0);
});

test("a run that translates more adds it, and the next has both", () => {
  const kept = new Kept();
  run(kept);
  const { guest } = run(kept);
  guest.load(CALLEE, CODE + 0x100);
  guest.enter(3);
  guest.machine.cpu.rip = CODE + 0x100;
  guest.run();
  guest.machine.save();
  expect(guest.machine.statistics.functions).toBe(1);
  expect(kept.appends).toBe(1);
  const third = run(kept).guest;
  third.load(CALLEE, CODE + 0x100);
  third.enter(4);
  third.machine.cpu.rip = CODE + 0x100;
  third.run();
  expect(third.machine.cpu.gpr32(0)).toBe(8);
  expect(third.machine.statistics.functions).toBe(0);
});

describe("what is no longer true is not used", () => {
  test("other bytes, where the function was", () => {
    const kept = new Kept();
    run(kept);
    const other = run(kept, { caller: CALLER.replace("c005", "c006") });
    expect(other).toMatchObject({ result: 26, functions: 1, keptFunctions: 0 });
    // Both are kept from then on.
    expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
    expect(run(kept, { caller: CALLER.replace("c005", "c006") })).toMatchObject({ result: 26, functions: 0 });
  });

  test("other bytes, in a function that was put in the place of its call", () => {
    const kept = new Kept();
    run(kept);
    expect(run(kept, { callee: "8d440901c3" })).toMatchObject({ result: 26, functions: 1, keptFunctions: 0 });
  });

  test("code whose accesses must fault in another way", () => {
    const kept = new Kept();
    run(kept);
    expect(run(kept, { guarding: "checked" })).toMatchObject({ result: 25, keptFunctions: 0 });
    expect(run(kept, { guarding: "checked" })).toMatchObject({ result: 25, functions: 0 });
    expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
  });

  test.each([
    ["exact", (machine: Machine) => machine.guard("exact")],
    ["checked", (machine: Machine) => machine.guard("checked")],
    ["exact in what floating point raises", (machine: Machine) => machine.makeFloatsExact()],
  ])("code that becomes %s at some moment is kept in both forms, and is so from the start where it was made to modules", (_, become) => {
    const kept = new Kept();
    const twice = (): { functions: number; keptFunctions: number } => {
      const { guest } = run(kept);
      become(guest.machine);
      expect(guest.call(10)).toBe(25);
      guest.machine.save();
      return guest.machine.statistics;
    };
    expect(twice()).toMatchObject({ functions: 2, keptFunctions: 0 });
    expect(twice()).toMatchObject({ functions: 0, keptFunctions: 1 });
  });

  test.each([
    ["records of another form go first", 0, { checked: 1, trap: 0 }],
    ["all go where those of its form are much by themselves", -200, { checked: 0, trap: 0 }],
  ])("of what is too much to keep %s", (_, room, left) => {
    const kept = new Kept();
    run(kept);
    run(kept, { guarding: "checked" });
    kept.records.limitBytes = (kept.bytes?.length ?? 0) + room;
    run(kept, { guarding: "checked", caller: CALLER.replace("c005", "c006") });
    // Modules would do without the records.
    kept.linked = undefined;
    const keptIn = (guarding: "checked" | "trap"): number => run(kept.copy(), { guarding }).keptFunctions;
    expect({ checked: keptIn("checked"), trap: keptIn("trap") }).toEqual(left);
  });

  test("code on pages that can be written to now, and such code is not kept", () => {
    const kept = new Kept();
    run(kept);
    const writable = (): ReturnType<typeof run> => {
      const guest = new TestGuest({ translations: kept });
      guest.load(CALLER);
      guest.load(CALLEE, CODE + 0x20);
      guest.memory.protect(CODE, 0x1000, PAGE.EXECUTE_READWRITE);
      const result = guest.call(10);
      guest.machine.save();
      return { ...guest.machine.statistics, result, guest };
    };
    const before = kept.bytes;
    for (let i = 0; i < 2; i++) expect(writable()).toMatchObject({ result: 25, keptFunctions: 0 });
    expect(kept.bytes).toEqual(before);
  });

  test("what another translator made, or for another program", () => {
    const kept = new Kept();
    run(kept);
    const other = new Kept("another translator, a program");
    other.bytes = kept.bytes;
    expect(run(other)).toMatchObject({ result: 25, functions: 1, keptFunctions: 0 });
    expect(run(other)).toMatchObject({ result: 25, functions: 0 });
  });
});

describe("API functions are found again by name", () => {
  /** call [rip+0xa]; ret, the slot at CODE + 0x10. */
  const CALL_API = "ff150a000000c3";

  function runApi(kept: Kept, name: string | undefined, place: number): { result: number; kept: number } {
    const guest = new TestGuest({ translations: kept });
    for (let i = 0; i < place; i++) guest.stub(() => 0);
    const stub = guest.stub(() => 70 + place, undefined, name);
    guest.load(CALL_API + "cc".repeat(9) + Buffer.from(new Uint32Array([stub, 0]).buffer).toString("hex"));
    const result = guest.call();
    guest.machine.save();
    return { result, kept: guest.machine.statistics.keptFunctions };
  }

  test("whatever its index and address are now", () => {
    const kept = new Kept();
    expect(runApi(kept, "KERNEL32.DLL!Sleep", 0)).toEqual({ result: 70, kept: 0 });
    expect(runApi(kept, "KERNEL32.DLL!Sleep", 0)).toEqual({ result: 70, kept: 1 });
    expect(runApi(kept, "KERNEL32.DLL!Sleep", 3)).toEqual({ result: 73, kept: 1 });
  });

  test("and not used when there is none of that name", () => {
    const kept = new Kept();
    runApi(kept, "KERNEL32.DLL!Sleep", 0);
    expect(runApi(kept, "KERNEL32.DLL!SleepEx", 0)).toEqual({ result: 70, kept: 0 });
  });

  test("calls of functions without a name are not kept", () => {
    const kept = new Kept();
    runApi(kept, undefined, 0);
    expect(runApi(kept, undefined, 0)).toEqual({ result: 70, kept: 0 });
  });
});

describe("what is kept is linked, too", () => {
  test("a run that needs no more looks at no record, and links nothing anew", () => {
    const kept = new Kept();
    run(kept);
    expect(kept).toMatchObject({ links: 1 });
    kept.loads = 0;
    expect(run(kept)).toMatchObject({ result: 25, functions: 0, keptFunctions: 1, batches: 1 });
    expect(kept).toMatchObject({ links: 1, loads: 0 });
  });

  test("it is linked anew where much was added", () => {
    const kept = new Kept();
    run(kept);
    const { guest } = run(kept);
    // 450 functions of a few instructions each: mov eax, n; ret.
    for (let n = 0; n < 450; n++) {
      guest.load(`b8${Buffer.from(Uint32Array.of(n).buffer).toString("hex")}c3`, CODE + 0x100 + 6 * n);
      guest.enter(0);
      guest.machine.cpu.rip = CODE + 0x100 + 6 * n;
      guest.run();
    }
    guest.machine.save();
    expect(kept.links).toBe(2);
    kept.loads = 0;
    // Its pages are not as they were, so records are taken.
    expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
    expect(kept.loads).toBe(1);
  });

  test("what lies in a library that is unloaded before the end is linked and taken as well", () => {
    const LIBRARY = 0x900000;
    const kept = new Kept();
    const withLibrary = (): { result: number; functions: number } => {
      const guest = new TestGuest({ translations: kept });
      const { memory, machine } = guest;
      guest.load(CALLER);
      guest.load(CALLEE, CODE + 0x20);
      guest.call(10);
      memory.allocate(0x10000, PAGE.READWRITE, { at: LIBRARY });
      memory.write(LIBRARY, Buffer.from(CALLEE, "hex"));
      memory.protect(LIBRARY, 0x10000, PAGE.EXECUTE_READ);
      guest.enter(21);
      machine.cpu.rip = LIBRARY;
      guest.run();
      memory.release(LIBRARY);
      machine.save();
      return { result: machine.cpu.gpr32(0), functions: machine.statistics.functions };
    };
    expect(withLibrary()).toEqual({ result: 42, functions: 2 });
    expect(withLibrary()).toEqual({ result: 42, functions: 0 });
  });

  test("where it is damaged or cut, the records are used", () => {
    const kept = new Kept();
    run(kept);
    const { bytes, linked } = kept;
    const good = linked as Uint8Array;
    const spoilt = [
      ...Array.from({ length: Math.ceil(good.length / 23) }, (_, n) => good.map((byte, at) => (at === 23 * n ? byte ^ 0x41 : byte))),
      ...Array.from({ length: Math.ceil(good.length / 97) }, (_, n) => good.subarray(0, 97 * n)),
    ];
    for (const some of spoilt) {
      const other = new Kept();
      Object.assign(other, { bytes, linked: some });
      expect(run(other)).toMatchObject({ result: 25, functions: 0, keptFunctions: 1 });
    }
  });

  test("records that are others than those that modules were made of are looked at, though they are as many", () => {
    const kept = new Kept();
    run(kept);
    const elsewhere = (storage: TranslationStorage): TestGuest => {
      const guest = new TestGuest({ translations: storage });
      for (const [code, at] of [
        [CALLER, CODE + 0x400],
        [CALLEE, CODE + 0x420],
      ] as const)
        guest.load(code, at);
      guest.enter(10);
      guest.machine.cpu.rip = CODE + 0x400;
      guest.run();
      guest.machine.save();
      return guest;
    };
    const other = new Kept();
    elsewhere(other);
    expect(other.bytes).toHaveLength(kept.bytes?.length ?? 0);
    other.linked = kept.linked;
    expect(elsewhere(other).machine.statistics).toMatchObject({ functions: 0, keptFunctions: 1 });
  });

  test("with the modules of other records, only what is true is taken", () => {
    const kept = new Kept();
    run(kept);
    const other = new Kept();
    run(other, { caller: CALLER.replace("c005", "c006") });
    other.linked = kept.linked;
    expect(run(other, { caller: CALLER.replace("c005", "c006") })).toMatchObject({ result: 26, functions: 0 });
    expect(run(other)).toMatchObject({ result: 25, functions: 0 });
  });
});

describe("a damaged cache costs time, and nothing else", () => {
  const whole = (): Uint8Array => {
    const kept = new Kept();
    run(kept);
    return kept.bytes as Uint8Array;
  };

  test("any byte of it may be another", () => {
    const good = whole();
    for (let at = 0; at < good.length; at += 23) {
      const kept = new Kept();
      kept.bytes = good.slice();
      kept.bytes[at] = (kept.bytes[at] as number) ^ 0x41;
      expect(run(kept)).toMatchObject({ result: 25, keptFunctions: 0, functions: 1 });
      expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
    }
  });

  test("it may end anywhere", () => {
    const good = whole();
    for (let length = 0; length < good.length; length += 37) {
      const kept = new Kept();
      kept.bytes = good.slice(0, length);
      expect(run(kept)).toMatchObject({ result: 25, keptFunctions: 0 });
      expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
    }
  });

  test("the records before the damage are used", () => {
    const kept = new Kept();
    kept.bytes = new Uint8Array([...whole(), ...Buffer.from("half a record")]);
    expect(run(kept)).toMatchObject({ result: 25, functions: 0 });
    expect(kept.bytes).toEqual(whole());
  });
});
