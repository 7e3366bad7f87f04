import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, KernelObject, type Thread } from "@decant/process";
import { devicesApi } from "./devices.api.ts";

/** A list of devices: there are none. */
class DeviceList extends KernelObject {}

/** No devices are shown: every list is empty, and no class has a name. */
export const devices = implement(devicesApi, {
  SetupDiGetClassDevs: ({ process }) => process.handles.add(new DeviceList()),
  SetupDiCreateDeviceInfoList: ({ process }) => process.handles.add(new DeviceList()),
  SetupDiEnumDeviceInfo: (thread, list) => atEnd(thread, list),
  SetupDiEnumDeviceInterfaces: (thread, list) => atEnd(thread, list),
  SetupDiDestroyDeviceInfoList({ process }, list) {
    process.handles.get(list, DeviceList);
    process.handles.close(list);
    return true;
  },
  SetupDiClassGuidsFromName(_thread, ClassName, _list, _size, RequiredSize) {
    if (ClassName === undefined) throw new Win32Error(ERROR.INVALID_PARAMETER);
    RequiredSize.set(0);
    return true;
  },
});

function atEnd({ process }: Thread, list: Handle): never {
  process.handles.get(list, DeviceList);
  throw new Win32Error(ERROR.NO_MORE_ITEMS);
}
