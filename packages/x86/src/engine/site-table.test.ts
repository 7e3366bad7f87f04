import { expect, test } from "vitest";
import * as fc from "fast-check";
import { SitePacker, siteIn } from "./site-table.ts";

const site = fc.record({
  gap: fc.integer({ min: 1, max: 300 }),
  rip: fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff)),
  stackDifference: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
});

test("every site is found at its offset and up to the next one, and none before the first", () => {
  fc.assert(
    fc.property(fc.array(site, { maxLength: 40 }), fc.integer({ min: 0, max: 9 }), (list, codeStart) => {
      let offset = 0;
      const offsets = list.map(({ gap }) => (offset += gap));
      const sites = list.map(({ rip, stackDifference }) => ({ rip, stackDifference }));
      const packer = new SitePacker();
      list.forEach(({ rip, stackDifference }, n) => packer.add(offsets[n] as number, rip, stackDifference));
      const packed = packer.finish(codeStart);
      offsets.forEach((at, n) => {
        expect(siteIn(packed, codeStart + at)).toEqual(sites[n]);
        expect(siteIn(packed, codeStart + at - 1)).toEqual(sites[n - 1]);
      });
      expect(siteIn(packed, 1e9)).toEqual(sites.at(-1));
    }),
    { numRuns: 200 },
  );
});

test("a unit without sites has none", () => {
  expect(siteIn(new SitePacker().finish(3), 100)).toBe(undefined);
});
