import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { networkDrivesApi } from "./network-drives.api.ts";

/** No drive is a network's, and no network is there. */
export const networkDrives = implement(networkDrivesApi, {
  WNetGetConnection: notConnected,
  WNetGetUniversalName: notConnected,
  WNetCancelConnection2: notConnected,
  WNetGetUser: (_thread, lpName) => (lpName === undefined ? noNetwork() : notConnected()),
  WNetAddConnection2: noNetwork,
  WNetOpenEnumA: noNetwork,
  WNetOpenEnumW: noNetwork,
  WNetEnumResourceA: noHandle,
  WNetEnumResourceW: noHandle,
  WNetCloseEnum: noHandle,
});

function notConnected(): never {
  throw new Win32Error(ERROR.NOT_CONNECTED);
}

function noNetwork(): never {
  throw new Win32Error(ERROR.NO_NETWORK);
}

function noHandle(): never {
  throw new Win32Error(ERROR.INVALID_HANDLE);
}
