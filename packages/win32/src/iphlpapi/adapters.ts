import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { adaptersApi } from "./adapters.api.ts";

const FAMILIES: ReadonlySet<number> = new Set([0, 2, 23]); // AF_UNSPEC, AF_INET, AF_INET6

export const adapters = implement(adaptersApi, {
  GetAdaptersAddresses(_thread, Family, _Flags, _Reserved, _AdapterAddresses, SizePointer) {
    if (SizePointer.isNull || !FAMILIES.has(Family)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    throw new Win32Error(ERROR.NO_DATA);
  },
  GetAdaptersInfo: noData,
  GetPerAdapterInfo: noData,
  GetNetworkParams: notSupported,
  GetNumberOfInterfaces(_thread, pdwNumIf) {
    pdwNumIf.set(0);
    return ERROR.SUCCESS;
  },
  GetInterfaceInfo: noData,
  GetIfTable: notSupported,
  GetIpAddrTable: notSupported,
  GetIpForwardTable: notSupported,
  GetIpNetTable: notSupported,
  GetTcpTable: notSupported,
  GetUdpTable: notSupported,
  GetExtendedTcpTable: notSupported,
  GetExtendedUdpTable: notSupported,
  GetIfTable2: notFound,
  GetIpForwardTable2: notFound,
  GetIpNetTable2: notFound,
  GetUnicastIpAddressTable: notFound,
  GetIpInterfaceTable: notFound,
  // None was made.
  FreeMibTable() {},
  GetIfEntry: notSupported,
  GetIfEntry2: notFound,
  GetTcpStatistics: notSupported,
  GetUdpStatistics: notSupported,
  GetIpStatistics: notSupported,
  GetBestInterface: notSupported,
  GetBestInterfaceEx: notSupported,
  GetBestRoute: notSupported,
  if_nametoindex: () => 0,
  if_indextoname: () => 0,
  SendARP: notSupported,
  NotifyAddrChange: notSupported,
  // Raw sockets, which these stand on, are not there.
  IcmpCreateFile: accessDenied,
  Icmp6CreateFile: accessDenied,
  IcmpCloseHandle: noHandle,
  IcmpSendEcho: noHandle,
});

function noData(): never {
  throw new Win32Error(ERROR.NO_DATA);
}

function notSupported(): never {
  throw new Win32Error(ERROR.NOT_SUPPORTED);
}

function notFound(): never {
  throw new Win32Error(ERROR.NOT_FOUND);
}

function accessDenied(): never {
  throw new Win32Error(ERROR.ACCESS_DENIED);
}

function noHandle(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}
