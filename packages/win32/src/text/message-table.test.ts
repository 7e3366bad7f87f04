import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { findMessage } from "./message-table.ts";

/** MESSAGE_RESOURCE_DATA with one block of two messages: 5 in the ANSI code page, 6 in UTF-16. */
const TABLE = Uint8Array.of(
  ...[1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 16, 0, 0, 0],
  ...[8, 0, 0, 0, 0x61, 0x62, 0, 0],
  ...[10, 0, 1, 0, 0x63, 0, 0x3a, 0x26, 0, 0],
);

test("messages are found by number, in either text; what is cut short has none", () => {
  const { memory, allocate } = guest({ topics: [] });
  const address = allocate(TABLE.length);
  memory.write(address, TABLE);
  const find = (id: number) => findMessage(memory, { address, size: TABLE.length }, id, (bytes) => String.fromCharCode(...bytes));
  expect([find(4), find(5), find(6), find(7)]).toEqual([undefined, "ab", "c\u263a", undefined]);
  memory.setU16(address + 16, 0);
  expect([find(5), find(6)]).toEqual([undefined, undefined]);
});
