export { type GuestThread, Nvcuda, type NvcudaOptions } from "./library.ts";
export { addCudaDlls, nvcudaApi, type NvcudaApi } from "./nvcuda.ts";
