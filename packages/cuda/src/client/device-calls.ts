import { DEVICE_ATTRIBUTE } from "../attributes.ts";
import { CUDA_ERROR, CudaError, errorName, errorString } from "../result.ts";
import type { CudaThread } from "./thread.ts";

/** Checks the flags, which must be 0; the session is already open. */
export function cuInit(_: CudaThread, flags = 0): void {
  if (flags !== 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
}

export function cuDriverGetVersion(thread: CudaThread): number {
  return thread.client.session.info.driverVersion;
}

/** The name of a CUresult; fails with CUDA_ERROR_INVALID_VALUE for a number that is none. */
export function cuGetErrorName(_: CudaThread, error: number): string {
  return known(errorName(error));
}

/** The text of a CUresult; fails as cuGetErrorName does. */
export function cuGetErrorString(_: CudaThread, error: number): string {
  return known(errorString(error));
}

export function cuDeviceGetCount(thread: CudaThread): number {
  return thread.client.devices.length;
}

/** A CUdevice is its ordinal. */
export function cuDeviceGet(thread: CudaThread, ordinal: number): number {
  return thread.client.device(ordinal).ordinal;
}

export function cuDeviceGetName(thread: CudaThread, dev: number): string {
  return thread.client.device(dev).info.name;
}

/** 16 bytes. */
export function cuDeviceGetUuid(thread: CudaThread, dev: number): Uint8Array {
  return thread.client.device(dev).info.uuid.slice();
}

/** The locally unique identifier is the first half of the uuid: stable, and different for each device. */
export function cuDeviceGetLuid(thread: CudaThread, dev: number): { luid: Uint8Array; deviceNodeMask: number } {
  return { luid: thread.client.device(dev).info.uuid.slice(0, 8), deviceNodeMask: 1 };
}

/** Bytes that the session may allocate on the device. */
export function cuDeviceTotalMem(thread: CudaThread, dev: number): number {
  return thread.client.device(dev).info.totalMem;
}

/** An attribute that the driver does not state is 0, as for a feature that the device lacks. */
export function cuDeviceGetAttribute(thread: CudaThread, attribute: number, dev: number): number {
  const device = thread.client.device(dev);
  if (attribute < 1 || attribute > DEVICE_ATTRIBUTE.ONLY_PARTIAL_HOST_NATIVE_ATOMIC_SUPPORTED)
    throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return device.attributes.get(attribute) ?? 0;
}

export function cuDeviceComputeCapability(thread: CudaThread, dev: number): { major: number; minor: number } {
  return {
    major: cuDeviceGetAttribute(thread, DEVICE_ATTRIBUTE.COMPUTE_CAPABILITY_MAJOR, dev),
    minor: cuDeviceGetAttribute(thread, DEVICE_ATTRIBUTE.COMPUTE_CAPABILITY_MINOR, dev),
  };
}

/** domain:bus:device.function, as `0000:01:00.0`. */
export function cuDeviceGetPCIBusId(thread: CudaThread, dev: number): string {
  const part = (attribute: number, digits: number): string =>
    cuDeviceGetAttribute(thread, attribute, dev).toString(16).toUpperCase().padStart(digits, "0");
  return `${part(DEVICE_ATTRIBUTE.PCI_DOMAIN_ID, 4)}:${part(DEVICE_ATTRIBUTE.PCI_BUS_ID, 2)}:${part(DEVICE_ATTRIBUTE.PCI_DEVICE_ID, 2)}.0`;
}

/** What two devices can do together; fails with CUDA_ERROR_INVALID_DEVICE for one with itself. */
export function cuDeviceGetP2PAttribute(thread: CudaThread, attrib: number, srcDevice: number, dstDevice: number): number {
  const [source, destination] = [thread.client.device(srcDevice), thread.client.device(dstDevice)];
  if (attrib < 1 || attrib > 5) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  if (source === destination) throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
  return 0;
}

/** Accepts `domain:bus:device.function`, `domain:bus:device` and `bus:device.function`. */
export function cuDeviceGetByPCIBusId(thread: CudaThread, pciBusId: string): number {
  const wanted = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})(?:\.[0-7])?$/i.exec(pciBusId);
  if (!wanted) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const numbers = wanted.slice(1, 4).map((part) => Number.parseInt(part ?? "0", 16));
  for (let dev = 0; dev < thread.client.devices.length; dev++) {
    const own = [DEVICE_ATTRIBUTE.PCI_DOMAIN_ID, DEVICE_ATTRIBUTE.PCI_BUS_ID, DEVICE_ATTRIBUTE.PCI_DEVICE_ID];
    if (own.every((attribute, index) => cuDeviceGetAttribute(thread, attribute, dev) === numbers[index])) return dev;
  }
  throw new CudaError(CUDA_ERROR.INVALID_DEVICE);
}

/** No device reaches another's memory. */
export function cuDeviceCanAccessPeer(thread: CudaThread, dev: number, peerDev: number): boolean {
  thread.client.device(dev);
  thread.client.device(peerDev);
  return false;
}

function known(text: string | undefined): string {
  if (text === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  return text;
}
