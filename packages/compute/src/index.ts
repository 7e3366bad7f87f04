export { cpuDriver, type CpuDriverOptions } from "./cpu/cpu-driver.ts";
