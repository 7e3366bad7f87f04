import { api, BOOL, bytesOut, fn, SIZE_T } from "@decant/hook";

/** What newer programs take random bytes from. */
export const randomApi = api("bcryptprimitives", {
  ProcessPrng: fn(BOOL, ["pbData", bytesOut("cbData")], ["cbData", SIZE_T]),
});
