import { CUDA_ERROR, CudaError, DEVICE_ATTRIBUTE } from "@decant/cuda";
import type { Pointer } from "@decant/hook";
import { deviceApi } from "./driver.api.ts";
import { implement, named, need, type Nvcuda } from "./library.ts";

export const device = (nvcuda: Nvcuda) =>
  implement(deviceApi, {
    cuDeviceGetCount(thread, count) {
      count.set(nvcuda.cuda(thread).cuDeviceGetCount());
    },
    cuDeviceGet(thread, device, ordinal) {
      device.set(nvcuda.cuda(thread).cuDeviceGet(ordinal));
    },
    cuDeviceGetName(thread, name, len, dev) {
      const text = nvcuda.cuda(thread).cuDeviceGetName(dev);
      writeText(name, text, len);
    },
    cuDeviceTotalMem_v2(thread, bytes, dev) {
      bytes.set(nvcuda.cuda(thread).cuDeviceTotalMem(dev));
    },
    cuDeviceGetAttribute(thread, pi, attrib, dev) {
      pi.set(nvcuda.cuda(thread).cuDeviceGetAttribute(attrib, dev));
    },
    cuDeviceGetUuid_v2(thread, uuid, dev) {
      const bytes = nvcuda.cuda(thread).cuDeviceGetUuid(dev);
      need(uuid);
      uuid.write(bytes);
    },
    cuDeviceGetLuid(thread, luid, deviceNodeMask, dev) {
      const { luid: bytes, deviceNodeMask: mask } = nvcuda.cuda(thread).cuDeviceGetLuid(dev);
      need(luid, deviceNodeMask);
      luid.write(bytes);
      deviceNodeMask.set(mask);
    },
    cuDeviceGetPCIBusId(thread, pciBusId, len, dev) {
      const text = nvcuda.cuda(thread).cuDeviceGetPCIBusId(dev);
      writeText(pciBusId, text, len);
    },
    cuDeviceGetByPCIBusId(thread, dev, pciBusId) {
      need(dev);
      dev.set(nvcuda.cuda(thread).cuDeviceGetByPCIBusId(named(pciBusId)));
    },
    cuDeviceComputeCapability(thread, major, minor, dev) {
      const capability = nvcuda.cuda(thread).cuDeviceComputeCapability(dev);
      need(major, minor);
      major.set(capability.major);
      minor.set(capability.minor);
    },
    cuDeviceGetProperties(thread, prop, dev) {
      const cuda = nvcuda.cuda(thread);
      need(prop);
      const values = PROPERTIES.map((attribute) => cuda.cuDeviceGetAttribute(attribute, dev));
      prop.set(new Uint8Array(Int32Array.from(values).buffer));
    },
    cuDeviceGetP2PAttribute(thread, value, attrib, srcDevice, dstDevice) {
      value.set(nvcuda.cuda(thread).cuDeviceGetP2PAttribute(attrib, srcDevice, dstDevice));
    },
    cuDeviceGetExecAffinitySupport(thread, pi, _type, dev) {
      nvcuda.cuda(thread).client.device(dev);
      pi.set(0);
    },
    cuDeviceCanAccessPeer(thread, canAccessPeer, dev, peerDev) {
      canAccessPeer.set(Number(nvcuda.cuda(thread).cuDeviceCanAccessPeer(dev, peerDev)));
    },
  });

/** CUdevprop: eleven ints. */
const PROPERTIES = [
  DEVICE_ATTRIBUTE.MAX_THREADS_PER_BLOCK,
  DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_X,
  DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_Y,
  DEVICE_ATTRIBUTE.MAX_BLOCK_DIM_Z,
  DEVICE_ATTRIBUTE.MAX_GRID_DIM_X,
  DEVICE_ATTRIBUTE.MAX_GRID_DIM_Y,
  DEVICE_ATTRIBUTE.MAX_GRID_DIM_Z,
  DEVICE_ATTRIBUTE.MAX_SHARED_MEMORY_PER_BLOCK,
  DEVICE_ATTRIBUTE.TOTAL_CONSTANT_MEMORY,
  DEVICE_ATTRIBUTE.WARP_SIZE,
  DEVICE_ATTRIBUTE.MAX_PITCH,
] as const;

/** Text with its NUL, cut to `length` bytes. */
function writeText(buffer: Pointer, text: string, length: number): void {
  if (buffer.isNull || length <= 0) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
  const bytes = new TextEncoder().encode(text).subarray(0, length - 1);
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  buffer.write(terminated);
}
