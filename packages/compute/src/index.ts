export { cpuDriver, type CpuDriverOptions } from "./cpu/cpu-driver.ts";
export { nvidiaDriver } from "./nvidia/nvidia-driver.ts";
export { modulePtx } from "./image/module-ptx.ts";
