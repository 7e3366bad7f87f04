import { ERROR, Win32Error } from "@decant/hook";
import { implement, KernelObject, ProcessObject, ThreadObject } from "@decant/process";
import { fillRandom } from "../crypto/random-bytes.ts";
import { USER_NAME } from "../system/system-table.ts";
import { securityApi } from "./security.api.ts";

/** Privileges by name, numbered from 2 ("Privilege Constants", winnt.h). */
const PRIVILEGES = new Map(
  [
    "CreateToken", "AssignPrimaryToken", "LockMemory", "IncreaseQuota", "MachineAccount", "Tcb", "Security", "TakeOwnership", "LoadDriver", "SystemProfile",
    "Systemtime", "ProfileSingleProcess", "IncreaseBasePriority", "CreatePagefile", "CreatePermanent", "Backup", "Restore", "Shutdown", "Debug", "Audit",
    "SystemEnvironment", "ChangeNotify", "RemoteShutdown", "Undock", "SyncAgent", "EnableDelegation", "ManageVolume", "Impersonate", "CreateGlobal",
    "TrustedCredManAccess", "Relabel", "IncreaseWorkingSet", "TimeZone", "CreateSymbolicLink", "DelegateSessionUserImpersonate",
  ].map((name, index) => [`se${name}privilege`.toLowerCase(), index + 2]),
); // prettier-ignore

/** What an ordinary user has. */
const HELD = new Set(
  ["seshutdownprivilege", "sechangenotifyprivilege", "seundockprivilege", "seincreaseworkingsetprivilege", "setimezoneprivilege"].map(
    (name) => PRIVILEGES.get(name),
  ),
);
const LUID_AND_ATTRIBUTES = 12;
const MAX_PRIVILEGES = 64;

/** The access token of a process: an ordinary user's. */
class Token extends KernelObject {}

/** Tokens, privileges, security of files, random bytes. */
export const security = implement(securityApi, {
  OpenProcessToken(thread, ProcessHandle, _DesiredAccess, TokenHandle) {
    thread.process.handles.get(ProcessHandle, ProcessObject);
    if (TokenHandle.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
    TokenHandle.set(thread.process.handles.add(new Token()));
    return true;
  },
  /** No thread impersonates anybody. */
  OpenThreadToken(thread, ThreadHandle) {
    thread.process.handles.get(ThreadHandle, ThreadObject);
    throw new Win32Error(ERROR.NO_TOKEN);
  },
  LookupPrivilegeValue(_thread, _lpSystemName, lpName, lpLuid) {
    const value = PRIVILEGES.get((lpName ?? "").toLowerCase());
    if (value === undefined) throw new Win32Error(ERROR.NO_SUCH_PRIVILEGE);
    lpLuid.set({ LowPart: value, HighPart: 0 });
    return true;
  },
  /** Succeeds with ERROR_NOT_ALL_ASSIGNED where a privilege is not held, as documented. */
  AdjustTokenPrivileges(thread, TokenHandle, DisableAllPrivileges, NewState) {
    thread.process.handles.get(TokenHandle, Token);
    if (!DisableAllPrivileges && NewState === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const count = DisableAllPrivileges ? 0 : Math.min(thread.memory.u32(NewState), MAX_PRIVILEGES);
    const wanted = Array.from({ length: count }, (_, index) => thread.memory.u32(NewState + 4 + index * LUID_AND_ATTRIBUTES));
    thread.lastError = wanted.every((privilege) => HELD.has(privilege)) ? ERROR.SUCCESS : ERROR.NOT_ALL_ASSIGNED;
    return true;
  },
  /** The volumes keep no access control lists. */
  GetFileSecurity() {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
  },
  SetFileSecurity() {
    throw new Win32Error(ERROR.NOT_SUPPORTED);
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
