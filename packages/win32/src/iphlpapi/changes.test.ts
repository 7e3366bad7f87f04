import { ERROR, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";

/** Microsoft's "NotifyIpInterfaceChange function". */
test("who asks for changes of the network is told that it will be told, and can end that once", () => {
  const { call, callback, out } = guest();
  const told: bigint[][] = [];
  const place = callback((context: bigint, row: bigint, kind: bigint) => (told.push([context, row, kind]), 0));
  const handle = out(PVOID);
  expect(call("NotifyIpInterfaceChange", 0, place, 77n, 0, handle)).toBe(ERROR.SUCCESS);
  expect(told).toEqual([]);
  expect(call("NotifyRouteChange2", 0, place, 77n, 1, handle)).toBe(ERROR.SUCCESS);
  expect(told.map(([context, row, kind]) => [context, row, kind! & 0xffff_ffffn])).toEqual([[77n, 0n, 3n]]);
  expect([call("CancelMibChangeNotify2", handle.value), call("CancelMibChangeNotify2", handle.value)]).toEqual([
    0,
    ERROR.INVALID_PARAMETER,
  ]);
  expect(call("NotifyIpInterfaceChange", 0, 0, 0n, 0, handle)).toBe(ERROR.INVALID_PARAMETER);
});

test("there is no interface, and no route", () => {
  const { call, allocate } = guest();
  const place = allocate(64);
  expect(call("ConvertInterfaceIndexToLuid", 1, place)).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("ConvertInterfaceLuidToNameW", place, place, 32)).toBe(ERROR.INVALID_PARAMETER);
  expect(call("GetBestRoute2", 0, 0, 0, place, 0, place, place)).toBe(ERROR.NETWORK_UNREACHABLE);
});
