import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { OLDER_RUNTIMES } from "./dlls.ts";

/** A double as an argument behind a format. */
const ONE_AND_A_HALF = 0x3ff8_0000_0000_0000n;

describe.each(OLDER_RUNTIMES)("%s", (dll) => {
  test("prints as msvcrt does, with three digits of an exponent and without %F", () => {
    const { call, allocate, ansi, memory } = guest();
    const buffer = allocate(64);
    call(`${dll}!sprintf`, buffer, ansi("%e %g"), ONE_AND_A_HALF, 0x54b2_49ad_2594_c37dn);
    expect(memory.cstring(buffer)).toBe("1.500000e+000 1e+100");
    call(`${dll}!_sprintf_l`, buffer, ansi("%e"), 0, ONE_AND_A_HALF);
    expect(memory.cstring(buffer)).toBe("1.500000e+000");
    expect(call(`${dll}!_stricmp_l`, ansi("Word"), ansi("wORD"), 0)).toBe(0);
  });

  test("stores with %n only when it was asked to, and tells the handler otherwise", () => {
    const { call, callback, allocate, ansi, memory } = guest();
    const [buffer, count] = [allocate(64), allocate(4)];
    let told = 0;
    call(
      `${dll}!_set_invalid_parameter_handler`,
      callback(() => void told++),
    );
    expect(call(`${dll}!sprintf`, buffer, ansi("ab%n"), count) | 0).toBe(-1);
    expect([told, memory.u32(count)]).toEqual([1, 0]);
    expect(call(`${dll}!_set_printf_count_output`, 1)).toBe(0);
    expect(call(`${dll}!_get_printf_count_output`)).toBe(1);
    expect(call(`${dll}!sprintf`, buffer, ansi("ab%n"), count)).toBe(2);
    expect([told, memory.u32(count)]).toEqual([1, 2]);
  });

  test("has msvcrt's variables and streams, and pointers that can be decoded", () => {
    const { call, process, address } = guest();
    const variable = process.loader.getProcAddress(process.loader.require(dll), "_fmode");
    expect(variable).toBe(address("msvcrt!_fmode"));
    expect(call(`${dll}!__iob_func`)).toBe(call("msvcrt!__iob_func"));
    expect(call(`${dll}!_decode_pointer`, call(`${dll}!_encode_pointer`, 0x1234))).toBe(0x1234);
    expect(call(`${dll}!_decode_pointer`, call(`${dll}!_encoded_null`))).toBe(0);
  });

  test("ends a program that gives it a senseless parameter and has no handler", () => {
    const { call, process } = guest();
    expect(() => call(`${dll}!_access`, 0, 0)).toThrow(/makes no sense/);
    expect(process.ending).toMatchObject({ kind: "fault", exitCode: 0xc000_0417 });
  });
});

test("C99's mathematics came with msvcr120", () => {
  const { process } = guest();
  const has = (dll: string): boolean => process.loader.getProcAddress(process.loader.require(dll), "round") !== undefined;
  expect(OLDER_RUNTIMES.map(has)).toEqual([false, false, false, true]);
});
