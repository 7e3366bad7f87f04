import { implement } from "@decant/process";
import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import { controlFile } from "../files/control-file.ts";
import { DiskFile } from "../files/disk-file.ts";
import { IoObject } from "../files/io-object.ts";
import { deviceControlApi } from "./device-control.api.ts";

/** What is asked of files; other devices answer nothing yet, as a driver that does not know a code. */
export const deviceControl = implement(deviceControlApi, {
  DeviceIoControl(thread, hDevice, dwIoControlCode, lpInBuffer, nInBufferSize, lpOutBuffer, nOutBufferSize, lpBytesReturned) {
    const object = thread.process.handles.get(hDevice, IoObject);
    if (!(object instanceof DiskFile)) throw new Win32Error(ERROR.INVALID_FUNCTION);
    lpBytesReturned.set(0);
    const input = lpInBuffer === 0 ? new Uint8Array(0) : thread.memory.read(lpInBuffer, nInBufferSize);
    const answer = controlFile(thread.kernel, object, dwIoControlCode, input, nOutBufferSize);
    const fits = answer.subarray(0, lpOutBuffer === 0 ? 0 : nOutBufferSize);
    if (fits.length > 0) thread.memory.write(lpOutBuffer, fits);
    lpBytesReturned.set(fits.length);
    if (fits.length < answer.length) throw new NtError(STATUS.BUFFER_OVERFLOW);
    return true;
  },
});
