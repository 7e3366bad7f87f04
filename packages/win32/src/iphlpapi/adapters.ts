import { ERROR, Win32Error, type Out } from "@decant/hook";
import { guestCall, implement, type GuestGenerator, type Thread } from "@decant/process";
import { ObjectTable } from "../object-table.ts";
import { adaptersApi } from "./adapters.api.ts";

const MIB_INITIAL_NOTIFICATION = 3;
const NOTIFICATIONS = Symbol("callbacks for changes of the network");
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
  ConvertInterfaceIndexToLuid: noFile,
  ConvertInterfaceLuidToIndex: noFile,
  ConvertInterfaceLuidToNameA: invalid,
  ConvertInterfaceLuidToNameW: invalid,
  GetBestRoute2() {
    throw new Win32Error(ERROR.NETWORK_UNREACHABLE);
  },
  NotifyIpInterfaceChange: notifyOfChanges,
  NotifyUnicastIpAddressChange: notifyOfChanges,
  NotifyRouteChange2: notifyOfChanges,
  CancelMibChangeNotify2(thread, NotificationHandle) {
    if (!notificationsOf(thread).remove(NotificationHandle)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    return ERROR.SUCCESS;
  },
  // Raw sockets, which these stand on, are not there.
  IcmpCreateFile: accessDenied,
  Icmp6CreateFile: accessDenied,
  IcmpCloseHandle: noHandle,
  IcmpSendEcho: noHandle,
});

/** There is no adapter that could change: all that its caller is ever told is that it will be told ("MibInitialNotification"). */
function* notifyOfChanges(
  thread: Thread,
  _family: number,
  callback: number,
  context: bigint,
  isTold: boolean,
  handle: Out<number>,
): GuestGenerator<number> {
  if (callback === 0 || handle.isNull) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const notification = notificationsOf(thread).add(callback);
  if (notification === undefined) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  handle.set(notification);
  if (isTold) yield* guestCall(thread, callback, context, 0, MIB_INITIAL_NOTIFICATION);
  return ERROR.SUCCESS;
}

function notificationsOf({ process }: Thread): ObjectTable<number> {
  return process.state(NOTIFICATIONS, () => new ObjectTable());
}

function noFile(): never {
  throw new Win32Error(ERROR.FILE_NOT_FOUND);
}

function invalid(): never {
  throw new Win32Error(ERROR.INVALID_PARAMETER);
}

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
