import { memoryHost } from "@decant/host";
import { ApiFunction, fn, Hooks, INT, OPAQUE, type AnyBody } from "@decant/hook";
import { emptyProgram, guestCall, Kernel, type GuestGenerator, type Thread } from "@decant/process";
import { expect, test } from "vitest";
import { win32Registry } from "../registry.ts";

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

type Compare = (a: bigint, b: bigint) => number;

interface Guest {
  readonly thread: Thread;
  allocate(bytes: number): number;
  callback(compare: Compare): number;
  call(name: string, ...args: readonly number[]): GuestGenerator<number>;
}

/** Runs a body in a process with a processor, as the functions are guest code. */
async function inGuest(
  body: (guest: Guest) => GuestGenerator<void>,
  { bits = 64, hooks = new Hooks() }: { bits?: 32 | 64; hooks?: Hooks } = {},
) {
  const reports: string[] = [];
  const kernel = new Kernel({ host: memoryHost(), report: (sentence) => reports.push(sentence) });
  const process = kernel.createProcess({
    image: emptyProgram(bits),
    path: "C:\\test.exe",
    commandLine: "test.exe",
    environment: [],
    currentDirectory: "C:\\",
    registry: win32Registry(),
    hooks,
    *hostMain(thread) {
      const { loader, heap } = process;
      yield* body({
        thread,
        allocate: (bytes) => heap.allocate(bytes, true),
        callback: (compare) => process.addFunction(comparison((_, a, b) => compare(a as bigint, b as bigint))),
        call: (name, ...args) => guestCall(thread, loader.getProcAddress(loader.require("msvcrt.dll"), name)!, ...args),
      });
      return 0;
    },
  });
  expect([await kernel.run(process), reports]).toMatchObject([{ kind: "exit", exitCode: 0 }, []]);
}

function comparison(body: AnyBody): ApiFunction {
  const declaration = fn(INT, ["a", OPAQUE], ["b", OPAQUE]);
  return new ApiFunction({ dll: "test", name: "compare", key: "compare", declaration, convention: "cdecl", body });
}

test.each([64, 32] as const)(
  "qsort and bsearch compare in Windows' order, and leave what compares alike where Windows does (%i bits)",
  async (bits) => {
    const answers: string[] = [];
    let [seed, hash, calls] = [1, 0, 0];
    const note = (value: number): void => {
      calls++;
      hash = (Math.imul(hash, 31) + value) >>> 0;
    };
    const hex = (value: number): string => value.toString(16).padStart(8, "0");
    await inGuest(
      function* ({ thread: { memory }, allocate, callback, call }) {
        const [array, key] = [allocate(200 * WIDTH), allocate(4)];
        const keyOf = (at: bigint): number => memory.i32(Number(at));
        const idOf = (at: bigint): number => memory.i32(Number(at) + 4);
        const compare = callback((a, b) => {
          note(idOf(a) * 7 + idOf(b));
          return keyOf(a) - keyOf(b);
        });
        const find = callback((a, b) => {
          note(idOf(b));
          return keyOf(a) - keyOf(b);
        });
        for (let kind = 0; kind < KINDS; kind++) {
          for (const count of COUNTS) {
            for (let i = 0; i < count; i++) {
              seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
              const random = seed >>> 16;
              memory.setI32(array + i * WIDTH, [random % 7, random % 1000, Math.floor(i / 3), count - i][kind]!);
              memory.setI32(array + i * WIDTH + 4, i);
            }
            hash = calls = 0;
            yield* call("qsort", array, count, WIDTH, compare);
            let order = 0;
            for (let i = 0; i < count; i++) order = (Math.imul(order, 131) + memory.i32(array + i * WIDTH + 4)) >>> 0;
            const sorted = `${calls} ${hex(hash)} ${hex(order)}`;
            memory.setI32(key, kind === 1 ? 500 : 3);
            hash = calls = 0;
            const found = yield* call("bsearch", key, array, count, WIDTH, find);
            answers.push(`${sorted} ${found === 0 ? -1 : (found - array) / WIDTH} ${calls} ${hex(hash)}`);
          }
        }
      },
      { bits },
    );
    expect(answers).toEqual(RECORDED);
  },
);

test("elements of every width are swapped whole", async () => {
  await inGuest(function* ({ thread: { memory }, allocate, callback, call }) {
    const compare = callback((a, b) => memory.u8(Number(a)) - memory.u8(Number(b)));
    for (const width of [1, 2, 3, 4, 7, 8, 12, 13, 24, 100]) {
      const array = allocate(width * 20);
      for (let i = 0; i < 20; i++) memory.write(array + i * width, new Uint8Array(width).fill((i * 7) % 20));
      yield* call("qsort", array, 20, width, compare);
      const sorted = Array.from({ length: 20 }, (_, i) => memory.read(array + i * width, width));
      expect(sorted).toEqual(Array.from({ length: 20 }, (_, i) => new Uint8Array(width).fill(i)));
    }
  });
});

test("_lsearch adds what _lfind does not find", async () => {
  await inGuest(function* ({ thread: { memory }, allocate, callback, call }) {
    const compare = callback((a, b) => memory.u32(Number(a)) - memory.u32(Number(b)));
    const [array, key, number] = [allocate(16), allocate(4), allocate(4)];
    memory.write(array, new Uint8Array(Uint32Array.of(5, 6).buffer));
    memory.setU32(number, 2);
    memory.setU32(key, 9);
    expect(yield* call("_lfind", key, array, number, 4, compare)).toBe(0);
    expect(yield* call("_lsearch", key, array, number, 4, compare)).toBe(array + 8);
    expect([memory.u32(number), memory.u32(array + 8)]).toEqual([3, 9]);
    expect(yield* call("_lfind", key, array, number, 4, compare)).toBe(array + 8);
  });
});

test("a comparison that makes no sense ends all the same", async () => {
  let calls = 0;
  await inGuest(
    ({ allocate, callback, call }) =>
      call(
        "qsort",
        allocate(400),
        100,
        4,
        callback(() => (calls++ % 3) - 1),
      ) as GuestGenerator<never>,
  );
  expect(calls).toBeLessThan(100_000);
});

test("hooks see qsort, and may answer it", async () => {
  const hooks = new Hooks();
  const seen: unknown[] = [];
  hooks.hook("msvcrt!qsort", { enter: ({ name }) => seen.push(name) });
  await inGuest(
    ({ allocate, callback, call }) =>
      call(
        "qsort",
        allocate(8),
        2,
        4,
        callback(() => 0),
      ) as GuestGenerator<never>,
    { hooks },
  );
  expect(seen).toEqual(["msvcrt!qsort"]);
});
