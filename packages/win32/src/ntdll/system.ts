import { implement, WINDOWS_VERSION } from "@decant/process";
import { ntSystemApi } from "./system.api.ts";

/** RTL_OSVERSIONINFOW: sizes without and with the fields of RTL_OSVERSIONINFOEXW, and the offset of those. */
const VERSION_INFO = { SIZE: 276, SIZE_EX: 284, wSuiteMask: 280, wProductType: 282 } as const;
const VER_PLATFORM_WIN32_NT = 2;
const VER_SUITE_SINGLEUSERTS = 0x100;
const VER_NT_WORKSTATION = 1;
/** RtlGetNtVersionNumbers marks release builds. */
const RELEASE_BUILD = 0xf000_0000;

export const ntSystem = implement(ntSystemApi, {
  RtlGetVersion({ memory }, information) {
    const size = memory.u32(information);
    memory.fill(information + 4, 0, (size >= VERSION_INFO.SIZE_EX ? VERSION_INFO.SIZE_EX : VERSION_INFO.SIZE) - 4);
    [WINDOWS_VERSION.major, WINDOWS_VERSION.minor, WINDOWS_VERSION.build, VER_PLATFORM_WIN32_NT].forEach((value, index) =>
      memory.setU32(information + 4 + 4 * index, value),
    );
    if (size < VERSION_INFO.SIZE_EX) return 0;
    memory.setU16(information + VERSION_INFO.wSuiteMask, VER_SUITE_SINGLEUSERTS);
    memory.setU8(information + VERSION_INFO.wProductType, VER_NT_WORKSTATION);
    return 0;
  },
  RtlGetNtVersionNumbers(_thread, pMajorVersion, pMinorVersion, pBuildNumber) {
    pMajorVersion.set(WINDOWS_VERSION.major);
    pMinorVersion.set(WINDOWS_VERSION.minor);
    pBuildNumber.set((WINDOWS_VERSION.build | RELEASE_BUILD) >>> 0);
  },
  RtlGetCurrentPeb: ({ process }) => process.peb,
});
