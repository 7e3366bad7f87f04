import { api, fn, inout, LSTATUS, PVOID, ULONG } from "@decant/hook";

/** The machine's network adapters ("IP Helper"): none is shown. */
export const adaptersApi = api("iphlpapi", {
  GetAdaptersAddresses: fn(
    LSTATUS,
    ["Family", ULONG],
    ["Flags", ULONG],
    ["Reserved", PVOID],
    ["AdapterAddresses", PVOID],
    ["SizePointer", inout(ULONG)],
  ),
});
