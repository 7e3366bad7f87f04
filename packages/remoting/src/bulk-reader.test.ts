import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkReader } from "./bulk-reader.ts";

interface Frame {
  readonly first: number;
  readonly size: number;
  readonly mask?: readonly number[];
}

/** Bytes that tell where they stand. */
const payloadOf = (size: number): Uint8Array => new Uint8Array(size).map((_, index) => index * 7 + (index >>> 8));

/** A frame as RFC 6455, 5.2 draws it. */
function wire({ first, size, mask }: Frame): Buffer {
  const length =
    size < 126 ? [size] : size < 65_536 ? [126, size >> 8, size & 255] : [127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 255, size & 255];
  if (mask) length[0]! |= 0x80;
  const payload = payloadOf(size).map((byte, index) => (mask ? byte ^ mask[index % 4]! : byte));
  return Buffer.concat([Uint8Array.of(first, ...length), Uint8Array.from(mask ?? []), payload]);
}

/** What comes out of a reader, in its order. */
function read(
  bytes: Uint8Array,
  cuts: readonly number[],
  isMasked: boolean,
): { readonly kind: "passed" | "frame"; readonly bytes: Uint8Array }[] {
  const out: { kind: "passed" | "frame"; bytes: Uint8Array }[] = [];
  const reader = new BulkReader({
    isMasked,
    frameBytes: 200_000,
    bufferBytes: 100_000,
    pass: (piece) => void out.push({ kind: "passed", bytes: piece.slice() }),
    frame(payload) {
      out.push({ kind: "frame", bytes: payload.slice() });
      reader.recycle(payload);
    },
  });
  let from = 0;
  for (const cut of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
    // A piece of its own, as sockets give them.
    if (cut > from) reader.write(bytes.slice(from, cut));
    from = Math.max(from, cut);
  }
  return out;
}

const BINARY = 0x82;
const PING = 0x89;

test("large frames are taken out whole and in their place, and small ones that are not cut, wherever the bytes are cut, with a mask and without", () => {
  const sizes = fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 65_537, 99_999, 100_000, 150_001, 200_000);
  const frames = fc.array(fc.record({ first: fc.constantFrom(BINARY, BINARY, PING, 0x81), size: sizes }), { minLength: 1, maxLength: 5 });
  const mask = fc.option(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), { nil: undefined });
  fc.assert(
    fc.property(frames, mask, fc.array(fc.nat(700_000), { maxLength: 30 }), (given, key, cuts) => {
      const all = given.map((frame) => ({ ...frame, ...(key ? { mask: key } : {}) }));
      const bytes = new Uint8Array(Buffer.concat(all.map(wire)));
      const starts = all.map((_, index) => Buffer.concat(all.slice(0, index).map(wire)).length);
      const near = [...cuts, ...starts.map((start, index) => start + ((cuts[index] ?? 0) % 15))];
      const got = read(bytes, near, key !== undefined);
      const frameOf = (payload: Uint8Array): Buffer => wire({ first: BINARY, size: payload.length, ...(key ? { mask: key } : {}) });
      const again = Buffer.concat(got.map((part) => (part.kind === "frame" ? frameOf(part.bytes) : part.bytes)));
      expect(Buffer.compare(again, bytes)).toBe(0);
      const taken = got.filter(({ kind }) => kind === "frame").map((part) => part.bytes);
      for (const payload of taken) expect(Buffer.compare(payload, payloadOf(payload.length))).toBe(0);
      const isWhole = (index: number): boolean =>
        !near.some((cut) => cut > starts[index]! && cut < starts[index]! + wire(all[index]!).length);
      const expected = all.filter(({ first, size }, index) => first === BINARY && (size >= 65_536 || isWhole(index)));
      expect(taken.map(({ length }) => length)).toEqual(expected.map(({ size }) => size));
    }),
    { numRuns: 20 },
  );
});

describe("a large frame is the WebSocket's, and all that follows it where it closes,", () => {
  const large = wire({ first: BINARY, size: 70_000 });
  test.each([
    ["when it is too long", [{ first: BINARY, size: 200_001 }], 1],
    [
      "when it is a part of a message",
      [
        { first: 0x02, size: 70_000 },
        { first: 0x80, size: 3 },
      ],
      1,
    ],
    [
      "when it comes inside of a message",
      [
        { first: 0x02, size: 1 },
        { first: BINARY, size: 70_000 },
        { first: 0x80, size: 1 },
      ],
      1,
    ],
    ["when it is text", [{ first: 0x81, size: 70_000 }], 1],
    ["when a reserved bit is set", [{ first: 0xc2, size: 70_000 }], 0],
    ["when it is masked and must not be", [{ first: BINARY, size: 70_000, mask: [1, 2, 3, 4] }], 0],
    ["when the WebSocket was closed before it", [{ first: 0x88, size: 2 }], 0],
  ] as const)("%s", (_, frames, taken) => {
    const bytes = new Uint8Array(Buffer.concat([...frames.map(wire), large]));
    expect(read(bytes, [1, 3, 65_000], false).filter(({ kind }) => kind === "frame")).toHaveLength(taken);
  });
});

test("small frames are the WebSocket's inside of a message in parts, and when they are masked and must not be", () => {
  const small = wire({ first: BINARY, size: 10 });
  const kinds = (bytes: Buffer): string[] => read(new Uint8Array(bytes), [], false).map(({ kind }) => kind);
  expect(kinds(small)).toEqual(["frame"]);
  expect(kinds(Buffer.concat([wire({ first: 0x02, size: 1 }), small]))).toEqual(["passed"]);
  expect(kinds(Buffer.concat([wire({ first: BINARY, size: 10, mask: [1, 2, 3, 4] }), small]))).toEqual(["passed"]);
});

test("a piece that went into a frame whole is freed, and one of which a part was passed on is not", () => {
  const passed: Uint8Array[] = [];
  const reader = new BulkReader({
    isMasked: false,
    frameBytes: 200_000,
    bufferBytes: 0,
    pass: (it) => passed.push(it),
    frame: () => undefined,
  });
  const bytes = wire({ first: BINARY, size: 150_000 });
  const [start, middle, end] = [
    bytes.subarray(0, 20),
    new Uint8Array(bytes.subarray(20, 100_000)),
    Buffer.concat([bytes.subarray(100_000), wire({ first: PING, size: 3 })]),
  ];
  for (const piece of [start, middle, end]) reader.write(piece);
  expect([start.length, middle.length, passed[0]?.length]).toEqual([20, 0, 5]);
});
