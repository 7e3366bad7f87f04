import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { adaptersApi } from "./adapters.api.ts";

const FAMILIES: ReadonlySet<number> = new Set([0, 2, 23]); // AF_UNSPEC, AF_INET, AF_INET6

export const adapters = implement(adaptersApi, {
  GetAdaptersAddresses(_thread, Family, _Flags, _Reserved, _AdapterAddresses, SizePointer) {
    if (SizePointer.isNull || !FAMILIES.has(Family)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    throw new Win32Error(ERROR.NO_DATA);
  },
});
