import { api, forward } from "@decant/hook";

/** What psapi.dll exports lives in kernel32 under names with K32 in front. */
export const psapiApi = api("psapi", {
  EnumProcesses: forward("kernel32.K32EnumProcesses"),
  EnumProcessModules: forward("kernel32.K32EnumProcessModules"),
  EnumProcessModulesEx: forward("kernel32.K32EnumProcessModulesEx"),
  GetModuleBaseNameA: forward("kernel32.K32GetModuleBaseNameA"),
  GetModuleBaseNameW: forward("kernel32.K32GetModuleBaseNameW"),
  GetModuleInformation: forward("kernel32.K32GetModuleInformation"),
  GetMappedFileNameA: forward("kernel32.K32GetMappedFileNameA"),
  GetMappedFileNameW: forward("kernel32.K32GetMappedFileNameW"),
  EmptyWorkingSet: forward("kernel32.K32EmptyWorkingSet"),
  GetPerformanceInfo: forward("kernel32.K32GetPerformanceInfo"),
  GetProcessMemoryInfo: forward("kernel32.K32GetProcessMemoryInfo"),
  GetProcessImageFileNameA: forward("kernel32.K32GetProcessImageFileNameA"),
  GetProcessImageFileNameW: forward("kernel32.K32GetProcessImageFileNameW"),
  GetModuleFileNameExA: forward("kernel32.K32GetModuleFileNameExA"),
  GetModuleFileNameExW: forward("kernel32.K32GetModuleFileNameExW"),
});
