import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, ProcessObject, ThreadObject, type Kernel, type Thread } from "@decant/process";
import { fillRandom } from "../crypto/random-bytes.ts";
import { aclBytes, ACE } from "../security/descriptors.ts";
import { readSid, sidBytes, type Sid } from "../security/sids.ts";
import { PRIVILEGE, privilegeOf, PRIVILEGES, Token, tokenOf } from "../security/token.ts";
import { USER_NAME } from "../system/system-table.ts";
import { tokenApi } from "./security.api.ts";

const LUID_AND_ATTRIBUTES = 12;
const MAX_PRIVILEGES = 64;
const TOKEN_PRIMARY = 1;
const TOKEN_IMPERSONATION = 2;
/** GetCurrentProcessToken, GetCurrentThreadToken and GetCurrentThreadEffectiveToken. */
const PSEUDO_TOKENS: ReadonlySet<number> = new Set([-4, -6]);
const ELEVATION_TYPE_DEFAULT = 1;
const GENERIC_ALL = 0x1000_0000;

const LOGON_FAILURE = 1326;
/** The numbers below are Windows' own. */
const FIRST_UNIQUE_ID = 1000;
const uniqueIds = new WeakMap<Kernel, number>();

/** Tokens and privileges: an ordinary user's. No thread impersonates anybody. */
export const tokens = implement(tokenApi, {
  OpenProcessToken(thread, ProcessHandle, _DesiredAccess, TokenHandle) {
    const { process } = thread.process.handles.get(ProcessHandle, ProcessObject);
    if (TokenHandle.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    TokenHandle.set(thread.process.handles.add(tokenOf(process)));
    return true;
  },
  OpenThreadToken(thread, ThreadHandle) {
    thread.process.handles.get(ThreadHandle, ThreadObject);
    throw new Win32Error(ERROR.NO_TOKEN);
  },
  DuplicateToken(thread, ExistingTokenHandle, ImpersonationLevel, DuplicateTokenHandle) {
    const { privileges } = findToken(thread, ExistingTokenHandle);
    const copy = new Token({ isPrimary: false, impersonationLevel: ImpersonationLevel, privileges });
    DuplicateTokenHandle.set(thread.process.handles.add(copy));
    return true;
  },
  DuplicateTokenEx(thread, hExistingToken, _dwDesiredAccess, _lpTokenAttributes, ImpersonationLevel, TokenType, phNewToken) {
    if (TokenType !== TOKEN_PRIMARY && TokenType !== TOKEN_IMPERSONATION) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const { privileges } = findToken(thread, hExistingToken);
    const copy = new Token({ isPrimary: TokenType === TOKEN_PRIMARY, impersonationLevel: ImpersonationLevel, privileges });
    phNewToken.set(thread.process.handles.add(copy));
    return true;
  },
  GetTokenInformation(thread, TokenHandle, TokenInformationClass, TokenInformation, TokenInformationLength, ReturnLength) {
    const token = findToken(thread, TokenHandle);
    const describe = INFORMATION[TokenInformationClass];
    if (describe === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const bytes = describe(token, new Layout(thread.pointerSize, TokenInformation));
    ReturnLength.set(bytes.length);
    if (TokenInformationLength < bytes.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    thread.memory.write(TokenInformation, bytes);
    return true;
  },
  CheckTokenMembership(thread, TokenHandle, SidToCheck, IsMember) {
    const token = TokenHandle === 0 ? tokenOf(thread.process) : findToken(thread, TokenHandle);
    // "TokenHandle: the handle must be for an impersonation token."
    if (TokenHandle !== 0 && token.isPrimary) throw new Win32Error(ERROR.NO_IMPERSONATION_TOKEN);
    IsMember.set(token.has(readSid(thread.memory, SidToCheck)));
    return true;
  },
  LookupPrivilegeValue(_thread, _lpSystemName, lpName, lpLuid) {
    const value = privilegeOf(lpName ?? "");
    if (value === undefined) throw new Win32Error(ERROR.NO_SUCH_PRIVILEGE);
    lpLuid.set({ LowPart: value, HighPart: 0 });
    return true;
  },
  LookupPrivilegeName(_thread, _lpSystemName, lpLuid, lpName, cchName) {
    const name = lpLuid.HighPart === 0 ? PRIVILEGES.get(lpLuid.LowPart) : undefined;
    if (name === undefined) throw new Win32Error(ERROR.NO_SUCH_PRIVILEGE);
    const { written, needed } = lpName.write(name, lpName.isNull ? 0 : cchName.get());
    cchName.set(written === 0 ? needed : written);
    if (written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return true;
  },
  /** Succeeds with ERROR_NOT_ALL_ASSIGNED where a privilege is not held, as documented. */
  AdjustTokenPrivileges(thread, TokenHandle, DisableAllPrivileges, NewState, BufferLength, PreviousState, ReturnLength) {
    const { memory } = thread;
    const { privileges } = findToken(thread, TokenHandle);
    if (!DisableAllPrivileges && NewState === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const wanted = DisableAllPrivileges
      ? [...privileges.keys()].map((number): [number, number] => [number, 0])
      : readPrivileges(thread, NewState);
    const changed = wanted.filter(([number, attributes]) => {
      const before = privileges.get(number);
      return before !== undefined && (before & PRIVILEGE.ENABLED) !== (attributes & PRIVILEGE.ENABLED);
    });
    const size = 4 + LUID_AND_ATTRIBUTES * changed.length;
    ReturnLength.set(size);
    if (PreviousState !== 0) {
      if (BufferLength < size) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
      memory.write(PreviousState, privilegeBytes(changed.map(([number]) => [number, privileges.get(number)!])));
    }
    for (const [number, attributes] of changed)
      privileges.set(number, (privileges.get(number)! & ~PRIVILEGE.ENABLED) | (attributes & PRIVILEGE.ENABLED));
    thread.lastError = wanted.every(([number]) => privileges.has(number)) ? ERROR.SUCCESS : ERROR.NOT_ALL_ASSIGNED;
    return true;
  },
  PrivilegeCheck(thread, ClientToken, RequiredPrivileges, pfResult) {
    const { privileges } = findToken(thread, ClientToken);
    const count = Math.min(thread.memory.u32(RequiredPrivileges), MAX_PRIVILEGES);
    const wanted = Array.from({ length: count }, (_, i) => thread.memory.u32(RequiredPrivileges + 8 + LUID_AND_ATTRIBUTES * i));
    pfResult.set(wanted.every((number) => ((privileges.get(number) ?? 0) & PRIVILEGE.ENABLED) !== 0));
    return true;
  },
  ImpersonateSelf: notHeld,
  ImpersonateLoggedOnUser: notHeld,
  ImpersonateAnonymousToken() {
    throw new Win32Error(ERROR.ACCESS_DENIED);
  },
  /** Nobody is impersonated: that is what is asked for. */
  RevertToSelf: () => true,
  SetThreadToken(_thread, _Thread, Token) {
    if (Token === 0) return true;
    throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
  },
  AllocateLocallyUniqueId({ kernel }, Luid) {
    const next = (uniqueIds.get(kernel) ?? FIRST_UNIQUE_ID) + 1;
    uniqueIds.set(kernel, next);
    Luid.set({ LowPart: next, HighPart: 0 });
    return true;
  },
  // There is one user, and no password of theirs.
  LogonUser() {
    throw new Win32Error(LOGON_FAILURE);
  },
  IsTokenRestricted(thread, TokenHandle) {
    findToken(thread, TokenHandle);
    thread.lastError = ERROR.SUCCESS;
    return false;
  },
  GetUserName(_thread, lpBuffer, pcbBuffer) {
    const { written, needed } = lpBuffer.write(USER_NAME, pcbBuffer.get());
    pcbBuffer.set(needed);
    if (written === 0) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    return true;
  },
  SystemFunction036({ process }, RandomBuffer, RandomBufferLength) {
    fillRandom(process, RandomBuffer.writable(RandomBufferLength));
    return true;
  },
});

/** SE_IMPERSONATE_NAME is what one would need. */
function notHeld(): never {
  throw new Win32Error(ERROR.PRIVILEGE_NOT_HELD);
}

/** The token behind a handle. */
export function findToken(thread: Thread, handle: Handle): Token {
  if (PSEUDO_TOKENS.has(handle)) return tokenOf(thread.process);
  return thread.process.handles.get(handle, Token);
}

function readPrivileges({ memory }: Thread, address: number): [number: number, attributes: number][] {
  const count = Math.min(memory.u32(address), MAX_PRIVILEGES);
  return Array.from({ length: count }, (_, i) => [
    memory.u32(address + 4 + LUID_AND_ATTRIBUTES * i),
    memory.u32(address + 12 + LUID_AND_ATTRIBUTES * i),
  ]);
}

function privilegeBytes(privileges: readonly (readonly [number: number, attributes: number])[]): Uint8Array {
  return new Uint8Array(
    Uint32Array.from([privileges.length, ...privileges.flatMap(([number, attributes]) => [number, 0, attributes])]).buffer,
  );
}

/** Builds a struct with pointers into what lies behind it, for the place where it will lie. */
class Layout {
  readonly #pointerSize: number;
  readonly #base: number;
  readonly #fixed: number[] = [];
  readonly #tail: { at: number; bytes: Uint8Array }[] = [];

  constructor(pointerSize: number, base: number) {
    this.#pointerSize = pointerSize;
    this.#base = base;
  }

  word(value: number): this {
    this.#fixed.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
    return this;
  }

  /** A pointer to bytes that lie behind the struct. */
  pointer(bytes: Uint8Array): this {
    this.align();
    this.#tail.push({ at: this.#fixed.length, bytes });
    for (let i = 0; i < this.#pointerSize; i++) this.#fixed.push(0);
    return this;
  }

  align(): this {
    while (this.#fixed.length % this.#pointerSize !== 0) this.#fixed.push(0);
    return this;
  }

  done(): Uint8Array {
    let end = this.#fixed.length;
    const bytes = new Uint8Array(this.#tail.reduce((sum, { bytes: part }) => sum + part.length, end));
    bytes.set(this.#fixed);
    const view = new DataView(bytes.buffer);
    for (const { at, bytes: part } of this.#tail) {
      view.setUint32(at, this.#base + end, true);
      bytes.set(part, end);
      end += part.length;
    }
    return bytes;
  }
}

const attributed = (layout: Layout, sids: readonly (readonly [Sid, number])[]): Layout => {
  for (const [sid, attributes] of sids) layout.pointer(sidBytes(sid)).word(attributes).align();
  return layout;
};

/** What GetTokenInformation gives, by TOKEN_INFORMATION_CLASS ("TOKEN_INFORMATION_CLASS enumeration"). */
const INFORMATION: Readonly<Record<number, (token: Token, layout: Layout) => Uint8Array>> = {
  1: (token, layout) => attributed(layout, [[token.user, 0]]).done(),
  2: (token, layout) => attributed(layout.word(token.groups.length).align(), token.groups).done(),
  3: (token) => privilegeBytes([...token.privileges]),
  4: (token, layout) => layout.pointer(sidBytes(token.user)).done(),
  5: (token, layout) => layout.pointer(sidBytes(token.primaryGroup)).done(),
  6: (token, layout) =>
    layout.pointer(aclBytes([token.user, "S-1-5-18"].map((sid) => ({ type: ACE.ALLOWED, flags: 0, mask: GENERIC_ALL, sid })))).done(),
  8: (token, layout) => layout.word(token.isPrimary ? TOKEN_PRIMARY : TOKEN_IMPERSONATION).done(),
  10: (token, layout) => {
    for (const word of [0x3e7, 0, 0x3e7, 0, 0, 0]) layout.word(word);
    const counts = [0, 0, token.groups.length, token.privileges.size, 0x3e7, 0];
    for (const word of [token.isPrimary ? TOKEN_PRIMARY : TOKEN_IMPERSONATION, token.impersonationLevel, ...counts]) layout.word(word);
    return layout.done();
  },
  11: (_token, layout) => layout.word(0).align().done(),
  12: (_token, layout) => layout.word(1).done(),
  18: (_token, layout) => layout.word(ELEVATION_TYPE_DEFAULT).done(),
  20: (_token, layout) => layout.word(0).done(),
  21: (_token, layout) => layout.word(0).done(),
  23: (_token, layout) => layout.word(0).done(),
  24: (_token, layout) => layout.word(0).done(),
  25: (token, layout) => attributed(layout, [[token.integrity, 0x60]]).done(),
  26: (_token, layout) => layout.word(0).done(),
  27: (_token, layout) => layout.word(1).done(),
  28: (token, layout) => attributed(layout.word(1).align(), [[token.logon, 0xc000_0007]]).done(),
  29: (_token, layout) => layout.word(0).done(),
};
