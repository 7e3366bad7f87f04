export { type GuestThread, Nvcuda, type NvcudaOptions } from "./library.ts";
export { nvcudaApi } from "./nvcuda.ts";
