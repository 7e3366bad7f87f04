import { WireError } from "@decant/cuda";
import { describe, expect, test } from "vitest";
import { BULK_BYTES, CHUNK_BYTES, defaultWireLimits } from "./limits.ts";
import { TransferReceiver, TransferSender } from "./transfer.ts";

function pair(limits = defaultWireLimits) {
  const frames: Uint8Array[] = [];
  return { frames, sender: new TransferSender((frame) => frames.push(frame)), receiver: new TransferReceiver(limits) };
}

const pattern = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index * 7 + (index >> 8));

describe("bytes", () => {
  test.each([0, 1, BULK_BYTES - 1, BULK_BYTES, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17])(
    "%i of them arrive as they were sent",
    (size) => {
      const { frames, sender, receiver } = pair();
      const bytes = pattern(size);
      const value = sender.encode(bytes);
      bytes.fill(0);
      for (const frame of frames) receiver.receive(frame);
      expect(frames.length).toBe(size < BULK_BYTES ? 0 : Math.ceil(size / CHUNK_BYTES));
      expect(Buffer.compare(receiver.decode(value) as Uint8Array, pattern(size))).toBe(0);
    },
  );

  test("of two transfers may come interleaved", () => {
    const { frames, sender, receiver } = pair();
    const values = [sender.encode(pattern(2 * CHUNK_BYTES)), sender.encode(pattern(CHUNK_BYTES + 5))];
    for (const index of [2, 0, 3, 1]) receiver.receive(frames[index]!);
    expect(values.map((value) => (receiver.decode(value) as Uint8Array).length)).toEqual([2 * CHUNK_BYTES, CHUNK_BYTES + 5]);
  });
});

describe("a transfer is refused", () => {
  const frame = (id: number, total: number, offset: number, data: number, mark = 0xc1): Uint8Array => {
    const bytes = new Uint8Array(16 + data);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, mark, true);
    for (const [index, field] of [id, total, offset].entries()) view.setUint32(4 + 4 * index, field, true);
    return bytes;
  };

  test.each([
    ["when its header is cut", [frame(1, 1, 0, 1).subarray(0, 15)]],
    ["when it has no data", [frame(1, 0, 0, 0)]],
    ["when the reserved bytes are not zero", [frame(1, 1, 0, 1, 0x1c1)]],
    ["when its number is 0", [frame(0, 1, 0, 1)]],
    ["when it starts in the middle", [frame(1, 20, 10, 10)]],
    ["when a chunk is left out", [frame(1, 30, 0, 10), frame(1, 30, 20, 10)]],
    ["when a chunk comes twice", [frame(1, 30, 0, 10), frame(1, 30, 0, 10)]],
    ["when its size changes", [frame(1, 30, 0, 10), frame(1, 31, 10, 10)]],
    ["when it is longer than it said", [frame(1, 15, 0, 10), frame(1, 15, 10, 10)]],
    ["when it is over the limit", [frame(1, 101, 0, 10)]],
    ["when too many bytes wait", [frame(1, 100, 0, 10), frame(2, 100, 0, 10)]],
  ])("%s", (_, frames) => {
    const { receiver } = pair({ ...defaultWireLimits, transferBytes: 100, pendingTransferBytes: 150 });
    expect(() => frames.forEach((bytes) => receiver.receive(bytes))).toThrow(WireError);
  });

  test("when it is taken before it is complete, or twice", () => {
    const { receiver } = pair();
    receiver.receive(frame(1, 20, 0, 10));
    expect(() => receiver.decode(1)).toThrow(WireError);
    receiver.receive(frame(1, 20, 10, 10));
    expect(receiver.decode(1)).toHaveLength(20);
    expect(() => receiver.decode(1)).toThrow(WireError);
  });
});
