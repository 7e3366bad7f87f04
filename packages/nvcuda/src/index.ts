export { type GuestThread, Nvcuda, type NvcudaOptions } from "./library.ts";
export { addCudaDlls } from "./dlls.ts";
export { nvcudaApi, type NvcudaApi } from "./nvcuda.ts";
