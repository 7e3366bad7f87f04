import { implement } from "@decant/process";
import { randomApi } from "./random.api.ts";

/** The most bytes that hosts give at a time. */
const CHUNK = 0x1_0000;

/** Random bytes. */
export const random = implement(randomApi, {
  ProcessPrng({ process }, pbData, cbData) {
    const target = pbData.writable(cbData);
    for (let at = 0; at < target.length; at += CHUNK) target.set(process.host.random(Math.min(CHUNK, target.length - at)), at);
    return true;
  },
});
