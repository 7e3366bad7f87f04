import { KernelObject, type Process } from "@decant/process";
import { MACHINE_SID, USER_SID } from "../system/system-table.ts";
import type { Sid } from "./sids.ts";

/** Privileges by name, numbered from 2 ("Privilege Constants", winnt.h). */
const NAMES =
  "CreateToken AssignPrimaryToken LockMemory IncreaseQuota MachineAccount Tcb Security TakeOwnership LoadDriver SystemProfile Systemtime ProfileSingleProcess IncreaseBasePriority CreatePagefile CreatePermanent Backup Restore Shutdown Debug Audit SystemEnvironment ChangeNotify RemoteShutdown Undock SyncAgent EnableDelegation ManageVolume Impersonate CreateGlobal TrustedCredManAccess Relabel IncreaseWorkingSet TimeZone CreateSymbolicLink DelegateSessionUserImpersonate";
/** "SeBackupPrivilege" and its kin, by their numbers. */
export const PRIVILEGES: ReadonlyMap<number, string> = new Map(NAMES.split(" ").map((name, index) => [index + 2, `Se${name}Privilege`]));

/** A privilege's number; undefined for what is none. Case does not matter. */
export function privilegeOf(name: string): number | undefined {
  const wanted = name.toLowerCase();
  for (const [number, known] of PRIVILEGES) if (known.toLowerCase() === wanted) return number;
  return undefined;
}

/** SE_PRIVILEGE_*. */
export const PRIVILEGE = { ENABLED_BY_DEFAULT: 1, ENABLED: 2, REMOVED: 4 } as const;
/** SE_GROUP_*: mandatory, enabled by default and enabled; the one that says where one is logged on. */
const GROUP = 7;
const LOGON_ID = 0xc000_0000 + GROUP;
const INTEGRITY = 0x60;

const ENABLED_AT_START = ["SeChangeNotifyPrivilege"];
const HELD = [
  "SeShutdownPrivilege",
  "SeChangeNotifyPrivilege",
  "SeUndockPrivilege",
  "SeIncreaseWorkingSetPrivilege",
  "SeTimeZonePrivilege",
];

/** The rights of a user's programs: an ordinary user's, with no elevation, at the medium level of integrity. */
export class Token extends KernelObject {
  readonly user: Sid = USER_SID;
  readonly primaryGroup: Sid = `${MACHINE_SID}-513`;
  readonly integrity: Sid = "S-1-16-8192";
  readonly logon: Sid = "S-1-5-5-0-999";
  readonly isPrimary: boolean;
  readonly impersonationLevel: number;
  /** Attributes by privilege. */
  readonly privileges: Map<number, number>;

  constructor({
    isPrimary = true,
    impersonationLevel = 0,
    privileges,
  }: { isPrimary?: boolean; impersonationLevel?: number; privileges?: ReadonlyMap<number, number> } = {}) {
    super();
    this.isPrimary = isPrimary;
    this.impersonationLevel = impersonationLevel;
    this.privileges = new Map(privileges ?? HELD.map((name) => [privilegeOf(name)!, ENABLED_AT_START.includes(name) ? 3 : 0]));
  }

  /** Groups with their attributes. */
  get groups(): readonly (readonly [sid: Sid, attributes: number])[] {
    const plain = [
      this.primaryGroup,
      "S-1-1-0",
      "S-1-5-32-545",
      "S-1-5-4",
      "S-1-2-1",
      "S-1-5-11",
      "S-1-5-15",
      "S-1-5-113",
      "S-1-2-0",
      "S-1-5-64-10",
    ];
    return [...plain.map((sid): [Sid, number] => [sid, GROUP]), [this.logon, LOGON_ID], [this.integrity, INTEGRITY]];
  }

  /** Whether rights given to a SID are this token's. */
  has(sid: Sid): boolean {
    return sid === this.user || this.groups.some(([group, attributes]) => group === sid && (attributes & 4) !== 0);
  }
}

/** The token of a process. */
export function tokenOf(process: Process): Token {
  return process.state(Token, () => new Token());
}
