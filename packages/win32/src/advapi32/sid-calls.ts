import { encodeText, ERROR, Win32Error, type Out, type TextBuffer } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { accountOfName, accountOfSid, readSid, sidBytes, sidLength, WELL_KNOWN_SIDS } from "../security/sids.ts";
import { sidApi } from "./security.api.ts";
import { formatSddl, parseSddl } from "../security/sddl.ts";

const HEADER_BYTES = 8;
const MAX_SUB_AUTHORITIES = 15;

const SDDL_REVISION_1 = 1;

/** Security identifiers, and the accounts that they name. */
export const sidCalls = implement(sidApi, {
  IsValidSid: ({ memory }, pSid) => pSid !== 0 && memory.accessible(pSid, HEADER_BYTES, "read") && sidLength(memory, pSid) > 0,
  GetLengthSid: ({ memory }, pSid) => HEADER_BYTES + 4 * memory.u8(pSid + 1),
  GetSidLengthRequired: (_thread, nSubAuthorityCount) => HEADER_BYTES + 4 * nSubAuthorityCount,
  CopySid({ memory }, nDestinationSidLength, pDestinationSid, pSourceSid) {
    const length = sidLength(memory, pSourceSid);
    if (nDestinationSidLength < length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    memory.copy(pDestinationSid, pSourceSid, length);
    return true;
  },
  EqualSid: ({ memory }, pSid1, pSid2) => readSid(memory, pSid1) === readSid(memory, pSid2),
  EqualPrefixSid({ memory }, pSid1, pSid2) {
    const prefix = (sid: string): string => sid.slice(0, sid.lastIndexOf("-"));
    const [a, b] = [readSid(memory, pSid1), readSid(memory, pSid2)];
    return a.split("-").length === b.split("-").length && prefix(a) === prefix(b);
  },
  InitializeSid({ memory }, Sid, pIdentifierAuthority, nSubAuthorityCount) {
    if (nSubAuthorityCount > MAX_SUB_AUTHORITIES) throw new Win32Error(ERROR.INVALID_PARAMETER);
    memory.write(Sid, Uint8Array.of(1, nSubAuthorityCount, ...pIdentifierAuthority.Value));
    return true;
  },
  GetSidIdentifierAuthority: (_thread, pSid) => pSid + 2,
  GetSidSubAuthority: (_thread, pSid, nSubAuthority) => pSid + HEADER_BYTES + 4 * nSubAuthority,
  GetSidSubAuthorityCount: (_thread, pSid) => pSid + 1,
  AllocateAndInitializeSid(thread, { Value }, nSubAuthorityCount, a, b, c, d, e, f, g, h, pSid) {
    if (nSubAuthorityCount > 8) throw new Win32Error(ERROR.INVALID_SID);
    const subs = new Uint8Array(Uint32Array.of(a, b, c, d, e, f, g, h).buffer).subarray(0, 4 * nSubAuthorityCount);
    pSid.set(allocate(thread, Uint8Array.of(1, nSubAuthorityCount, ...Value, ...subs)));
    return true;
  },
  FreeSid({ process }, pSid) {
    process.heap.free(pSid);
    return 0;
  },
  CreateWellKnownSid(thread, WellKnownSidType, _DomainSid, pSid, cbSid) {
    const sid = WELL_KNOWN_SIDS.get(WellKnownSidType);
    if (sid === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const bytes = sidBytes(sid);
    const room = cbSid.get();
    cbSid.set(bytes.length);
    if (room < bytes.length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    if (pSid === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    thread.memory.write(pSid, bytes);
    return true;
  },
  IsWellKnownSid: ({ memory }, pSid, WellKnownSidType) => readSid(memory, pSid) === WELL_KNOWN_SIDS.get(WellKnownSidType),
  ConvertSidToStringSidA: (thread, Sid, StringSid) => giveText(thread, Sid, StringSid, "ansi"),
  ConvertSidToStringSidW: (thread, Sid, StringSid) => giveText(thread, Sid, StringSid, "wide"),
  ConvertStringSecurityDescriptorToSecurityDescriptor(thread, text, StringSDRevision, SecurityDescriptor, SecurityDescriptorSize) {
    if (text === undefined || SecurityDescriptor.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (StringSDRevision !== SDDL_REVISION_1) throw new Win32Error(ERROR.UNKNOWN_REVISION);
    const bytes = parseSddl(text);
    SecurityDescriptor.set(allocate(thread, bytes));
    SecurityDescriptorSize.set(bytes.length);
    return true;
  },
  ConvertSecurityDescriptorToStringSecurityDescriptorA: (thread, descriptor, revision, information, text, length) =>
    giveSddl(thread, { descriptor, revision, information }, text, length, "ansi"),
  ConvertSecurityDescriptorToStringSecurityDescriptorW: (thread, descriptor, revision, information, text, length) =>
    giveSddl(thread, { descriptor, revision, information }, text, length, "wide"),
  ConvertStringSidToSid(thread, StringSid, Sid) {
    Sid.set(allocate(thread, sidBytes(StringSid)));
    return true;
  },
  LookupAccountSid(thread, _lpSystemName, Sid, Name, cchName, ReferencedDomainName, cchReferencedDomainName, peUse) {
    const account = accountOfSid(readSid(thread.memory, Sid));
    if (account === undefined) throw new Win32Error(ERROR.NONE_MAPPED);
    const fits = [give(account.name, Name, cchName), give(account.domain, ReferencedDomainName, cchReferencedDomainName)];
    if (fits.includes(false)) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    peUse.set(account.type);
    return true;
  },
  LookupAccountName(thread, _lpSystemName, lpAccountName, Sid, cbSid, ReferencedDomainName, cchReferencedDomainName, peUse) {
    const account = accountOfName(lpAccountName);
    if (account === undefined) throw new Win32Error(ERROR.NONE_MAPPED);
    const bytes = sidBytes(account.sid);
    const fits = [cbSid.get() >= bytes.length, give(account.domain, ReferencedDomainName, cchReferencedDomainName)];
    cbSid.set(bytes.length);
    if (fits.includes(false)) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    thread.memory.write(Sid, bytes);
    peUse.set(account.type);
    return true;
  },
});

/** Writes a name: its length when it fits, and what it needs with its NUL when it does not. */
function give(name: string, buffer: TextBuffer, count: Out<number>): boolean {
  const { needed } = buffer.write(name, buffer.isNull ? 0 : count.get());
  const fits = !buffer.isNull && needed <= count.get();
  count.set(fits ? needed - 1 : needed);
  return fits;
}

function giveText(thread: Thread, sid: number, result: Out<number>, form: "ansi" | "wide"): boolean {
  if (result.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  result.set(allocate(thread, encodeText(thread, `${readSid(thread.memory, sid)}\0`, form)));
  return true;
}

function giveSddl(
  thread: Thread,
  { descriptor, revision, information }: { readonly descriptor: number; readonly revision: number; readonly information: number },
  result: Out<number>,
  length: Out<number>,
  form: "ansi" | "wide",
): boolean {
  if (revision !== SDDL_REVISION_1) throw new Win32Error(ERROR.UNKNOWN_REVISION);
  if (result.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const text = formatSddl(thread.memory, descriptor, information);
  result.set(allocate(thread, encodeText(thread, `${text}\0`, form)));
  length.set(text.length + 1);
  return true;
}

/** Memory for LocalFree or FreeSid to give back. */
function allocate({ process, memory }: Thread, bytes: Uint8Array): number {
  const address = process.heap.allocate(bytes.length);
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  memory.write(address, bytes);
  return address;
}
