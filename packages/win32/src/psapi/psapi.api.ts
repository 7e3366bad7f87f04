import { api, forward } from "@decant/hook";

/** What psapi.dll exports lives in kernel32 under names with K32 in front. */
export const psapiApi = api("psapi", {
  EnumProcesses: forward("kernel32.K32EnumProcesses"),
  EnumProcessModules: forward("kernel32.K32EnumProcessModules"),
  GetProcessMemoryInfo: forward("kernel32.K32GetProcessMemoryInfo"),
  GetProcessImageFileNameA: forward("kernel32.K32GetProcessImageFileNameA"),
  GetProcessImageFileNameW: forward("kernel32.K32GetProcessImageFileNameW"),
  GetModuleFileNameExA: forward("kernel32.K32GetModuleFileNameExA"),
  GetModuleFileNameExW: forward("kernel32.K32GetModuleFileNameExW"),
});
