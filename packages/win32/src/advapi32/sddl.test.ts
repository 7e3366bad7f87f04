import { DWORD, ERROR, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { sidCalls } from "./sid-calls.ts";

/** What a text becomes there and back: the bytes of the descriptor, and its text again; or the error. */
function roundTrip(text: string, information = 0x1f) {
  const { call, out, memory, thread } = guest({ topics: [sidCalls] });
  const [descriptor, size, result, length] = [out(PVOID), out(DWORD), out(PVOID), out(DWORD)];
  if (call("ConvertStringSecurityDescriptorToSecurityDescriptorW", text, 1, descriptor, size) === 0) return thread.lastError;
  expect(call("ConvertSecurityDescriptorToStringSecurityDescriptorA", descriptor.value, 1, information, result, length)).toBe(1);
  const back = memory.cstring(result.value);
  expect(length.value).toBe(back.length + 1);
  return [size.value, back];
}

describe("security descriptors as text", () => {
  // As under Wine 8, which loses labels and takes an absent list for an empty one.
  test.each([
    ["O:SYG:BAD:P(A;;GA;;;SY)(A;OICIIO;GXGR;;;BU)", 100],
    ["D:(A;;FA;;;WD)(D;NPID;FR;;;AN)(A;;0x1200a9;;;BU)(A;;KA;;;CO)", 112],
    ["D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)", 48],
    ["D:AI", 28],
    ["D:PAI(A;;0x40000400;;;IU)", 48],
    ["S:(AU;SAFA;FA;;;WD)", 48],
    ["D:(A;;GA;;;S-1-5-21-1-2-3-1001)", 64],
    ["", 20],
    ["D:(A;;SDGXGWGR;;;AU)(A;;KR;;;BA)", 72],
    ["D:NO_ACCESS_CONTROL", 20],
    ["S:(ML;;NWNX;;;HI)", 48],
  ])("%s stays as it is, there and back", (text, size) => {
    expect(roundTrip(text)).toEqual([size, text]);
  });

  test("SIDs and rights get their short names, and parts that are not asked for are left out", () => {
    expect(roundTrip("O:S-1-5-32-544 G:BU D: (A;;0x1F01FF;;;S-1-1-0) ")).toEqual([80, "O:BAG:BUD:(A;;FA;;;WD)"]);
    expect(roundTrip("O:BAG:BUD:(A;;017;;;WD)", 4)).toEqual([80, "D:(A;;CCDCLCSW;;;WD)"]);
  });

  test.each([
    ["D:(A;;XX;;;WD)", ERROR.INVALID_ACL],
    ["D:(Q;;GA;;;WD)", ERROR.INVALID_ACL],
    ["D:(A;;GA;;WD)", ERROR.INVALID_ACL],
    ["D:(A;;GA;;;QQ)", ERROR.INVALID_SID],
    ["X:", ERROR.INVALID_PARAMETER],
    ["D:(A;;GA;;;WD", ERROR.INVALID_PARAMETER],
    ["D:(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)", ERROR.NOT_SUPPORTED],
  ])("%s is none", (text, error) => {
    expect(roundTrip(text)).toBe(error);
  });

  test("other revisions are not known", () => {
    const { call, out, thread } = guest({ topics: [sidCalls] });
    expect([call("ConvertStringSecurityDescriptorToSecurityDescriptorA", "D:", 2, out(PVOID), 0), thread.lastError]).toEqual([0, 1305]);
  });
});
