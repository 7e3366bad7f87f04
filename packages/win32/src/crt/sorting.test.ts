import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";

/**
 * What Wine 8's msvcrt did, whose order is Windows': for each array of the program below the number of comparisons that qsort made, a hash of who was
 * compared with whom, one of how elements lay in the end, and where bsearch found a key, with its comparisons and their hash.
 */
const RECORDED: readonly string[] = [
  "0 00000000 00000000 -1 0 00000000",
  "0 00000000 00000000 0 1 00000000",
  "1 00000007 00000083 -1 1 00000001",
  "3 00001c02 0000440f -1 2 0000003e",
  "10 c3de10de 11d25396 -1 2 00000004",
  "28 6a0b9504 1048b0c8 -1 3 00000f67",
  "26 08899e0c 57065704 4 1 00000001",
  "36 0808f55b 48dce3cf 5 3 00000024",
  "74 81a1739a bed6ad98 5 3 00003187",
  "267 7e8e0b24 dbf8f2ed 24 1 00000018",
  "488 51593362 b2e885d4 49 1 0000001f",
  "931 128cec90 ac887246 99 1 00000063",
  "0 00000000 00000000 -1 0 00000000",
  "0 00000000 00000000 -1 1 00000000",
  "1 00000007 00000083 -1 1 00000001",
  "3 00001c02 00008695 -1 2 0000001f",
  "10 2c0a62fa 2383621a -1 3 00000f45",
  "28 eaeb1f8b 6db3d856 -1 3 00001324",
  "30 f765e053 b89a0ba4 -1 3 00001b09",
  "34 2e7305f1 489d493f -1 3 00000f63",
  "90 8bf19069 08659156 -1 5 0039c389",
  "284 314335b9 582f7677 -1 6 4926eb47",
  "746 a07e66cb 63eaa23a -1 7 537f1ad0",
  "1655 066a2657 6f6a29be -1 8 ec3c2eed",
  "0 00000000 00000000 -1 0 00000000",
  "0 00000000 00000000 -1 1 00000000",
  "1 00000007 00000083 -1 2 0000001f",
  "3 00001c02 0000440f -1 2 0000003e",
  "10 c3de10de 11d25396 -1 3 0000007f",
  "28 f9575e09 27ae21be -1 4 0001dd9e",
  "20 73b6e77b 414ddeb8 -1 4 0001ecc1",
  "23 4e0e4999 6ad8f831 9 4 0001f047",
  "64 86e3e837 0b524a4a 10 3 00001fa6",
  "214 d37c6990 44110f19 11 2 000002f1",
  "514 9441c44f 658969da 11 3 0000bae2",
  "1213 a1fe0ef6 9dd6e42c 11 4 002dbb9f",
  "0 00000000 00000000 -1 0 00000000",
  "0 00000000 00000000 -1 1 00000000",
  "1 00000007 00000083 -1 2 0000001f",
  "3 00001c02 00008695 2 2 0000001f",
  "10 2c0a62dd 469e48aa 2 1 00000002",
  "28 a147433d b02ba94c 2 3 00000fc3",
  "22 d9e52f0f 78b5d654 2 3 00000fe3",
  "27 e80c7265 eb4182cf 2 3 000013c4",
  "74 dad17537 bbf398a8 2 4 0003d5a4",
  "254 da7e4b88 6c9e084b 2 4 000bf170",
  "603 ce7509ac 464246f6 2 5 02e40522",
  "1400 cc9cd76b 4b90606c 2 6 b338caa2",
];
const COUNTS = [0, 1, 2, 3, 5, 8, 9, 10, 17, 50, 100, 200];
const KINDS = 4;
const WIDTH = 8;

test("qsort and bsearch compare in Windows' order, and leave what compares alike where Windows does", () => {
  const { call, callback, allocate, memory } = guest();
  const [array, key] = [allocate(200 * WIDTH), allocate(4)];
  const keyOf = (at: bigint): number => memory.i32(Number(at));
  const idOf = (at: bigint): number => memory.i32(Number(at) + 4);
  let seed = 1;
  let hash = 0;
  let calls = 0;
  const note = (value: number): void => {
    calls++;
    hash = (Math.imul(hash, 31) + value) >>> 0;
  };
  const compare = callback((a, b) => {
    note(idOf(a!) * 7 + idOf(b!));
    return keyOf(a!) - keyOf(b!);
  });
  const find = callback((a, b) => {
    note(idOf(b!));
    return keyOf(a!) - keyOf(b!);
  });
  const hex = (value: number): string => value.toString(16).padStart(8, "0");
  const answers: string[] = [];
  for (let kind = 0; kind < KINDS; kind++) {
    for (const count of COUNTS) {
      for (let i = 0; i < count; i++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        const random = seed >>> 16;
        memory.setI32(array + i * WIDTH, [random % 7, random % 1000, Math.floor(i / 3), count - i][kind]!);
        memory.setI32(array + i * WIDTH + 4, i);
      }
      hash = calls = 0;
      call("msvcrt!qsort", array, count, WIDTH, compare);
      let order = 0;
      for (let i = 0; i < count; i++) order = (Math.imul(order, 131) + memory.i32(array + i * WIDTH + 4)) >>> 0;
      const sorted = `${calls} ${hex(hash)} ${hex(order)}`;
      memory.setI32(key, kind === 1 ? 500 : 3);
      hash = calls = 0;
      const found = call("msvcrt!bsearch", key, array, count, WIDTH, find);
      answers.push(`${sorted} ${found === 0 ? -1 : (found - array) / WIDTH} ${calls} ${hex(hash)}`);
    }
  }
  expect(answers).toEqual(RECORDED);
});

describe("a comparison that makes no sense", () => {
  test("ends all the same", () => {
    const { call, callback, allocate } = guest();
    const array = allocate(400);
    let calls = 0;
    call(
      "msvcrt!qsort",
      array,
      100,
      4,
      callback(() => (calls++ % 3) - 1),
    );
    expect(calls).toBeLessThan(100_000);
  });
});
