import { expect, test } from "vitest";
import { offsetOf, TIME_ZONES, timeZoneData, zoneOfPlace, zoneRules } from "./time-zones.ts";

/* The expected rules are those of Microsoft's documentation of TIME_ZONE_INFORMATION, and of the zones' own laws. */

test("rules say when summer time starts and ends", () => {
  expect(zoneRules("America/New_York", 2024)).toEqual({
    bias: 300,
    daylightBias: -60,
    toStandard: { month: 11, dayOfWeek: 0, nth: 1, hour: 2, minute: 0 },
    toDaylight: { month: 3, dayOfWeek: 0, nth: 2, hour: 2, minute: 0 },
  });
  expect(zoneRules("Europe/Berlin", 2024)).toEqual({
    bias: -60,
    daylightBias: -60,
    toStandard: { month: 10, dayOfWeek: 0, nth: 5, hour: 3, minute: 0 },
    toDaylight: { month: 3, dayOfWeek: 0, nth: 5, hour: 2, minute: 0 },
  });
  expect(zoneRules("Asia/Tokyo", 2024)).toMatchObject({ bias: -540, toDaylight: undefined });
  expect(zoneRules("UTC", 2024)).toMatchObject({ bias: 0, toDaylight: undefined });
});

test("every zone has a place that the platform knows, and a name of its own", () => {
  for (const { place } of TIME_ZONES) expect(Math.abs(offsetOf(place, Date.UTC(2024, 0, 1)))).toBeLessThanOrEqual(14 * 60);
  expect(new Set(TIME_ZONES.map(({ name }) => name)).size).toBe(TIME_ZONES.length);
});

test("places without a zone of their own get one with the same rules", () => {
  expect(zoneOfPlace("Europe/Zurich", 2024).name).toBe("W. Europe Standard Time");
  expect(zoneOfPlace("Etc/UTC", 2024).name).toBe("UTC");
});

test("REG_TZI_FORMAT has the biases, then two SYSTEMTIMEs", () => {
  const data = new DataView(
    timeZoneData(
      TIME_ZONES.find(({ place }) => place === "Europe/Berlin")!,
      2024,
    ).buffer,
  );
  expect([data.byteLength, data.getInt32(0, true), data.getInt32(4, true), data.getInt32(8, true)]).toEqual([44, -60, 0, -60]);
  expect([14, 16, 18, 20].map((at) => data.getUint16(at, true))).toEqual([10, 0, 5, 3]);
  expect([30, 32, 34, 36].map((at) => data.getUint16(at, true))).toEqual([3, 0, 5, 2]);
});
