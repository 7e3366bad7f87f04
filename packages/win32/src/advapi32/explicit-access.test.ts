import { DWORD, ERROR, PVOID } from "@decant/hook";
import { guest } from "@decant/testing";
import { describe, expect, test } from "vitest";
import { ACE, aclBytes, readAces, type Ace } from "../security/descriptors.ts";
import { sidBytes } from "../security/sids.ts";
import { explicitAccess } from "./explicit-access.ts";
import { EXPLICIT_ACCESS, TRUSTEE } from "./explicit-access.api.ts";

const [GRANT, SET, DENY, REVOKE] = [1, 2, 3, 4];
const [EVERYONE, USERS, SYSTEM] = ["S-1-1-0", "S-1-5-32-545", "S-1-5-18"];
const { ALLOWED, DENIED } = ACE;
type Change = readonly [mode: number, mask: number, who: string, inheritance?: number];
type Entry = readonly [type: number, mask: number, sid: string, flags?: number];

function lists() {
  const machine = guest({ topics: [explicitAccess] });
  const { call, out, allocate, memory, thread } = machine;
  const put = (bytes: Uint8Array): number => {
    const at = allocate(bytes.length);
    memory.write(at, bytes);
    return at;
  };
  const trustee = (who: string) => {
    const isSid = who.startsWith("S-1");
    const name = put(isSid ? sidBytes(who) : new TextEncoder().encode(`${who}\0`));
    return { pMultipleTrustee: 0, MultipleTrusteeOperation: 0, TrusteeForm: isSid ? 0 : 1, TrusteeType: 0, ptstrName: name };
  };
  const acl = (entries: readonly Entry[]): number =>
    put(aclBytes(entries.map(([type, mask, sid, flags = 0]): Ace => ({ type, mask, sid, flags }))));
  return {
    ...machine,
    acl,
    trusteeAt(who: string): number {
      const at = allocate(32);
      TRUSTEE.store(thread, at, trustee(who));
      return at;
    },
    /** What a list becomes; or the error. */
    set(old: readonly Entry[] | undefined, ...changes: readonly Change[]) {
      const at = allocate(48 * changes.length + 1);
      changes.forEach(([mode, mask, who, inheritance = 0], index) =>
        EXPLICIT_ACCESS.store(thread, at + 48 * index, {
          grfAccessPermissions: mask,
          grfAccessMode: mode,
          grfInheritance: inheritance,
          Trustee: trustee(who),
        }),
      );
      const result = out(PVOID);
      const code = call("SetEntriesInAclA", changes.length, at, old === undefined ? 0 : acl(old), result);
      if (code !== 0) return code;
      return readAces(memory, result.value).map(({ type, mask, sid, flags }): Entry => [type, mask, sid, flags]);
    },
  };
}

// By Microsoft's "SetEntriesInAcl function" and "ACCESS_MODE"; Wine 8 has the same where nothing is combined with what was there.
describe("SetEntriesInAcl", () => {
  test("makes lists: what is denied stands first", () => {
    const { set } = lists();
    expect(set(undefined, [GRANT, 1, EVERYONE])).toEqual([[ALLOWED, 1, EVERYONE, 0]]);
    expect(set(undefined, [GRANT, 1, EVERYONE], [DENY, 2, USERS, 3], [GRANT, 4, SYSTEM])).toEqual([
      [DENIED, 2, USERS, 3],
      [ALLOWED, 1, EVERYONE, 0],
      [ALLOWED, 4, SYSTEM, 0],
    ]);
    expect(set(undefined, [SET, 1, USERS], [GRANT, 2, USERS], [DENY, 4, SYSTEM], [DENY, 8, EVERYONE])).toEqual([
      [DENIED, 4, SYSTEM, 0],
      [DENIED, 8, EVERYONE, 0],
      [ALLOWED, 3, USERS, 0],
    ]);
    expect(set(undefined, [GRANT, 1, "Everyone"])).toEqual([[ALLOWED, 1, EVERYONE, 0]]);
  });

  const old: readonly Entry[] = [
    [DENIED, 6, USERS],
    [ALLOWED, 1, EVERYONE],
    [ALLOWED, 8, USERS],
    [ALLOWED, 1, USERS, 0x10],
  ];
  test.each<readonly [string, Change, readonly Entry[]]>([
    ["grants more to who has some", [GRANT, 2, EVERYONE], [[DENIED, 6, USERS, 0], [ALLOWED, 3, EVERYONE, 0], [ALLOWED, 8, USERS, 0], [ALLOWED, 1, USERS, 0x10]]],
    ["grants what was denied", [GRANT, 2, USERS], [[DENIED, 4, USERS, 0], [ALLOWED, 10, USERS, 0], [ALLOWED, 1, EVERYONE, 0], [ALLOWED, 1, USERS, 0x10]]],
    ["sets, and discards the rest", [SET, 2, USERS], [[ALLOWED, 2, USERS, 0], [ALLOWED, 1, EVERYONE, 0], [ALLOWED, 1, USERS, 0x10]]],
    ["denies more", [DENY, 1, USERS], [[DENIED, 7, USERS, 0], [ALLOWED, 1, EVERYONE, 0], [ALLOWED, 8, USERS, 0], [ALLOWED, 1, USERS, 0x10]]],
    ["revokes what is allowed", [REVOKE, 0, USERS], [[DENIED, 6, USERS, 0], [ALLOWED, 1, EVERYONE, 0], [ALLOWED, 1, USERS, 0x10]]],
  ])("%s", (_name, change, expected) => {
    expect(lists().set(old, change)).toEqual(expected);
  }); // prettier-ignore

  test("fails with a code for what it cannot take", () => {
    const { set, call, out } = lists();
    expect([set(undefined, [0, 1, EVERYONE]), set(undefined, [7, 1, EVERYONE])]).toEqual([
      ERROR.INVALID_PARAMETER,
      ERROR.INVALID_PARAMETER,
    ]);
    expect(set(undefined, [GRANT, 1, "nobody there"])).toBe(ERROR.NONE_MAPPED);
    expect(call("SetEntriesInAclW", 0, 0, 0, 0)).toBe(ERROR.INVALID_PARAMETER);
    const none = out(PVOID, 1);
    expect([call("SetEntriesInAclW", 0, 0, 0, none), none.value]).toEqual([0, 0]);
  });
});

test("effective rights are what is allowed to somebody or to Everyone, and not denied before", () => {
  const { call, out, acl, trusteeAt } = lists();
  const rights = out(DWORD);
  const list = acl([
    [DENIED, 2, SYSTEM],
    [ALLOWED, 3, EVERYONE],
    [ALLOWED, 8, SYSTEM],
  ]);
  for (const [who, expected] of [
    [SYSTEM, 9],
    [USERS, 3],
    ["S-1-5-7", 0],
  ] as const)
    // prettier-ignore
    expect([call("GetEffectiveRightsFromAclA", list, trusteeAt(who!), rights), rights.value]).toEqual([0, expected]);
  expect(call("GetEffectiveRightsFromAclA", 0, trusteeAt(USERS!), rights)).toBe(ERROR.INVALID_ACL);
});

test("descriptors of objects cannot be set, and bad arguments are told first", () => {
  const { call, acl } = lists();
  const list = acl([[ALLOWED, 1, EVERYONE]]);
  const [DACL, OWNER] = [4, 1];
  expect(call("SetSecurityInfo", 0xbad0, 1, DACL, 0, 0, list, 0)).toBe(ERROR.INVALID_HANDLE);
  expect(call("SetNamedSecurityInfoA", "C:\\missing.txt", 1, DACL, 0, 0, list, 0)).toBe(ERROR.FILE_NOT_FOUND);
  expect(call("SetNamedSecurityInfoA", "C:\\Windows", 1, DACL, 0, 0, list, 0)).toBe(ERROR.NOT_SUPPORTED);
  expect(call("SetNamedSecurityInfoA", "C:\\Windows", 1, OWNER, 0, 0, 0, 0)).toBe(ERROR.INVALID_SECURITY_DESCR);
});
