import { WireError } from "@decant/cuda";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultWireLimits } from "./limits.ts";
import { checkMessage, packMessage, unpackMessage } from "./message.ts";

const value = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.integer(),
    fc.maxSafeNat(),
    fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string({ maxLength: 70_000 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
  ),
  value: fc.oneof({ maxDepth: 4 }, tie("leaf"), fc.array(tie("value"), { maxLength: 20 })),
})).value;

const bytesAsLists = (item: unknown): unknown =>
  item instanceof Uint8Array ? { bytes: [...item] } : Array.isArray(item) ? item.map(bytesAsLists) : item;

const unpacked = (bytes: readonly number[]): unknown => {
  try {
    return unpackMessage(Uint8Array.from(bytes), defaultWireLimits);
  } catch (error) {
    return error;
  }
};

describe("messages", () => {
  test("come back as they were packed", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 10 }), (message) => {
        expect(bytesAsLists(unpackMessage(packMessage(message), defaultWireLimits))).toEqual(bytesAsLists(message));
      }),
    );
  });

  test("any bytes are either a message or a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const result = unpacked([...bytes]);
        expect(Array.isArray(result) || result instanceof WireError).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a cut message is a WireError wherever it is cut", () => {
    const bytes = packMessage([3, [1, 2 ** 40, "text", Uint8Array.of(1, 2, 3), [null, true, -5, 1.5]]]);
    for (let length = 0; length < bytes.length; length++) expect(unpacked([...bytes.subarray(0, length)])).toBeInstanceOf(WireError);
    expect(unpacked([...bytes])).toHaveLength(2);
  });

  test.each([
    ["a map", [0x91, 0x81, 0x01, 0x02]],
    ["an extension", [0x91, 0xd4, 0x72, 0x00]],
    ["a record definition of msgpackr", [0xd5, 0x72, 0x40, 0x40, 0x91, 0xa1, 0x61, 0x01]],
    ["the byte that MessagePack never uses", [0x91, 0xc1]],
    ["bytes after the message", [0x91, 0x01, 0x01]],
    ["a length past the end", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a text past the end", [0x91, 0xdb, 0x7f, 0xff, 0xff, 0xff, 0x61]],
    ["deep nesting", Array<number>(1000).fill(0x91)],
    ["a lone number", [0x05]],
    ["nothing", []],
  ])("refuses %s", (_, bytes) => {
    expect(unpacked(bytes)).toBeInstanceOf(WireError);
  });

  test("takes as many values as the limit says, and not one more", () => {
    const message = packMessage([1, 2, 3]);
    expect(() => checkMessage(message, { values: 4 })).not.toThrow();
    expect(() => checkMessage(message, { values: 3 })).toThrow(WireError);
  });
});
