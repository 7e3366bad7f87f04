import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.ts";

test("grows where it must, whatever comes next", () => {
  const to = new ByteWriter();
  for (let i = 0; i < 300; i++) to.u32(i);
  to.u64(-1n).u8(7).align(4).text("ab");
  const view = new DataView(to.finish().buffer);
  expect(view.byteLength).toBe(1200 + 8 + 4 + 4);
  for (let i = 0; i < 300; i++) expect(view.getUint32(4 * i, true)).toBe(i);
  expect([view.getBigInt64(1200, true), view.getUint32(1208), view.getUint16(1214, true)]).toEqual([-1n, 0x07000000, 0x62]);
});
