import { api, BOOL, DWORD, fn, HANDLE, HWND, orElse, out, PVOID, text, TSTR } from "@decant/hook";

const LIST = orElse(HANDLE, -1 as never);
const IN_LIST = ["DeviceInfoSet", HANDLE] as const;

/** Lists of devices ("SetupAPI"). */
export const devicesApi = api("setupapi", {
  SetupDiGetClassDevs: text(LIST, ["ClassGuid", PVOID], ["Enumerator", TSTR], ["hwndParent", HWND], ["Flags", DWORD]),
  SetupDiCreateDeviceInfoList: fn(LIST, ["ClassGuid", PVOID], ["hwndParent", HWND]),
  SetupDiEnumDeviceInfo: fn(BOOL, IN_LIST, ["MemberIndex", DWORD], ["DeviceInfoData", PVOID]),
  SetupDiEnumDeviceInterfaces: fn(
    BOOL,
    IN_LIST,
    ["DeviceInfoData", PVOID],
    ["InterfaceClassGuid", PVOID],
    ["MemberIndex", DWORD],
    ["DeviceInterfaceData", PVOID],
  ),
  SetupDiDestroyDeviceInfoList: fn(BOOL, IN_LIST),
  SetupDiClassGuidsFromName: text(
    BOOL,
    ["ClassName", TSTR],
    ["ClassGuidList", PVOID],
    ["ClassGuidListSize", DWORD],
    ["RequiredSize", out(DWORD)],
  ),
});
