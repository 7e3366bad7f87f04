export { cudaDriver, type RunDriver } from "./cuda-driver.ts";
export { runProgram, type RunProgramOptions } from "./run-program.ts";
