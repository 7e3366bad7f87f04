/** The file name in a Windows path. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("\\"), path.lastIndexOf("/")) + 1);
}

/** The folder of a Windows path, without a trailing backslash; empty when the path has none. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("\\"), path.lastIndexOf("/")));
}

/** A DLL's key: its file name in lower case, with ".dll" when it has no extension; a trailing dot says that it has none. */
export function dllKey(name: string): string {
  const base = baseName(name).toLowerCase();
  if (base.endsWith(".")) return base.slice(0, -1);
  return base.includes(".") ? base : `${base}.dll`;
}

/** API sets, by prefix: contracts whose functions live in another DLL (Windows API sets, Microsoft Learn). The first match counts. */
const API_SETS: readonly (readonly [prefix: string, dll: string])[] = [
  ["api-ms-win-crt-", "ucrtbase.dll"],
  ["api-ms-win-core-com-", "ole32.dll"],
  ["api-ms-win-core-winrt-", "combase.dll"],
  ["api-ms-win-core-registry-", "advapi32.dll"],
  ["api-ms-win-core-shlwapi-", "shlwapi.dll"],
  ["api-ms-win-core-version-", "version.dll"],
  ["api-ms-win-core-rtlsupport-", "kernel32.dll"],
  ["api-ms-win-core-", "kernel32.dll"],
  ["api-ms-win-security-", "advapi32.dll"],
  ["api-ms-win-eventing-", "advapi32.dll"],
  ["api-ms-win-service-", "advapi32.dll"],
  ["api-ms-win-devices-", "setupapi.dll"],
  ["api-ms-win-shcore-", "shcore.dll"],
  ["api-ms-win-", "kernel32.dll"],
  ["kernelbase.dll", "kernel32.dll"],
];

/** The DLL in which an API set's functions live; other names stay as they are. */
export function resolveApiSet(key: string): string {
  return API_SETS.find(([prefix]) => key.startsWith(prefix))?.[1] ?? key;
}

/** Whether a name is an API set: always built in, whatever lies beside the program. */
export function isApiSet(key: string): boolean {
  return key.startsWith("api-ms-win-") || key === "ucrtbase.dll" || key === "kernelbase.dll";
}

/** DLLs that Windows never takes from a program's folder (HKLM\…\Session Manager\KnownDLLs). */
const KNOWN_DLLS = new Set(
  words(`ntdll kernel32 kernelbase advapi32 bcryptprimitives clbcatq combase comdlg32 coml2 difxapi gdi32 gdi32full gdiplus imagehlp imm32 msctf
    msvcrt msvcp_win normaliz nsi ole32 oleaut32 psapi rpcrt4 sechost setupapi shcore shell32 shlwapi ucrtbase user32 win32u wldap32 wow64 ws2_32`),
);

/** Other DLLs that every Windows has: a program's own copy wins, and one that we lack is mapped with nothing in it. */
const SYSTEM_DLLS = new Set(
  words(`authz avicap32 avrt bcrypt cabinet cfgmgr32 comctl32 credui crypt32 cryptbase cryptui d2d1 d3d11 d3d9 dbghelp dnsapi dwmapi dwrite dxgi
    fltlib glu32 hid iphlpapi ktmw32 mf mfplat mpr mscoree msi msimg32 mswsock ncrypt netapi32 newdev ntmarta odbc32 oleacc opencl opengl32 pdh powrprof
    propsys rasapi32 rstrtmgr samcli secur32 sensapi srvcli sspicli tdh traffic urlmon userenv usp10 uxtheme version virtdisk wer wevtapi
    winhttp wininet winmm winscard winspool.drv wintrust wsock32 wtsapi32 xmllite`),
);

/** The CUDA runtime, of which programs bring NVIDIA's: that asks the driver for more than is documented, and ours for nothing that is not there. */
const CUDA_RUNTIME = /^cudart64_\d+\.dll$/;

/** Whether a program's own copy of a DLL is passed over. */
export function isKnownDll(key: string): boolean {
  return KNOWN_DLLS.has(key) || CUDA_RUNTIME.test(key);
}

/** Whether Windows itself brings a DLL. */
export function isSystemDll(key: string): boolean {
  return KNOWN_DLLS.has(key) || SYSTEM_DLLS.has(key);
}

function words(text: string): string[] {
  return text.split(/\s+/).map((name) => (name.includes(".") ? name : `${name}.dll`));
}
