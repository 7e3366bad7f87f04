import { WINDOWS_VERSION } from "@decant/process";
import { PROFILE_FOLDER, TEMP_FOLDER } from "../files/file-system.ts";

/** Which Windows we are, beside the numbers of WINDOWS_VERSION: all that programs are told of it comes from here. */
export const WINDOWS_EDITION = {
  productName: "Windows 10 Pro",
  editionId: "Professional",
  /** GetProductInfo's PRODUCT_PROFESSIONAL. */
  productType: 48,
  displayVersion: "22H2",
  releaseId: "2009",
  revision: 1,
  /** What the registry calls the version, for programs of before Windows 10. */
  oldVersion: "6.3",
  buildLab: `${WINDOWS_VERSION.build}.vb_release.191206-1406`,
  suiteMask: 0x100,
  isWorkstation: true,
  /** Seconds since 1970: 2022-10-18, when this version came out. */
  installDate: 1_666_051_200,
  machineGuid: "d3ca4700-0000-4000-8000-00000000d3ca",
} as const;

/** Who runs programs. */
export const USER_NAME = "user";
export const COMPUTER_NAME = "DECANT";
/** The security identifier of the machine; accounts add a number to it. */
export const MACHINE_SID = "S-1-5-21-1004336348-1177238915-682003330";
export const USER_SID = `${MACHINE_SID}-1000`;

/** Where Windows' own folders are. */
export const FOLDERS = {
  windows: "C:\\Windows",
  system: "C:\\Windows\\System32",
  systemX86: "C:\\Windows\\SysWOW64",
  fonts: "C:\\Windows\\Fonts",
  programFiles: "C:\\Program Files",
  programFilesX86: "C:\\Program Files (x86)",
  commonFiles: "C:\\Program Files\\Common Files",
  commonFilesX86: "C:\\Program Files (x86)\\Common Files",
  programData: "C:\\ProgramData",
  public: "C:\\users\\Public",
  profiles: "C:\\users",
  profile: PROFILE_FOLDER,
  roaming: `${PROFILE_FOLDER}\\AppData\\Roaming`,
  local: `${PROFILE_FOLDER}\\AppData\\Local`,
  localLow: `${PROFILE_FOLDER}\\AppData\\LocalLow`,
  documents: `${PROFILE_FOLDER}\\Documents`,
  desktop: `${PROFILE_FOLDER}\\Desktop`,
  temporary: TEMP_FOLDER,
} as const;

/** The environment of a session, before the user's own variables. */
export function sessionEnvironment(processorCount: number, bits: 32 | 64 = 64): Readonly<Record<string, string>> {
  const is32 = bits === 32;
  return {
    ALLUSERSPROFILE: FOLDERS.programData,
    APPDATA: FOLDERS.roaming,
    CommonProgramFiles: is32 ? FOLDERS.commonFilesX86 : FOLDERS.commonFiles,
    "CommonProgramFiles(x86)": FOLDERS.commonFilesX86,
    CommonProgramW6432: FOLDERS.commonFiles,
    COMPUTERNAME: COMPUTER_NAME,
    ComSpec: `${FOLDERS.system}\\cmd.exe`,
    DriverData: `${FOLDERS.system}\\Drivers\\DriverData`,
    HOMEDRIVE: "C:",
    HOMEPATH: FOLDERS.profile.slice(2),
    LOCALAPPDATA: FOLDERS.local,
    NUMBER_OF_PROCESSORS: String(processorCount),
    OS: "Windows_NT",
    PATH: `${FOLDERS.system};${FOLDERS.windows};${FOLDERS.system}\\Wbem`,
    PATHEXT: ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    PROCESSOR_ARCHITECTURE: is32 ? "x86" : "AMD64",
    ...(is32 && { PROCESSOR_ARCHITEW6432: "AMD64" }),
    PROCESSOR_IDENTIFIER: "Intel64 Family 6 Model 15 Stepping 0, GenuineIntel",
    PROCESSOR_LEVEL: "6",
    PROCESSOR_REVISION: "0f00",
    ProgramData: FOLDERS.programData,
    ProgramFiles: is32 ? FOLDERS.programFilesX86 : FOLDERS.programFiles,
    "ProgramFiles(x86)": FOLDERS.programFilesX86,
    ProgramW6432: FOLDERS.programFiles,
    PUBLIC: FOLDERS.public,
    SystemDrive: "C:",
    SystemRoot: FOLDERS.windows,
    TEMP: FOLDERS.temporary,
    TMP: FOLDERS.temporary,
    USERDOMAIN: COMPUTER_NAME,
    USERNAME: USER_NAME,
    USERPROFILE: FOLDERS.profile,
    windir: FOLDERS.windows,
  };
}
