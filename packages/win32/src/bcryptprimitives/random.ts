import { implement } from "@decant/process";
import { fillRandom } from "../crypto/random-bytes.ts";
import { randomApi } from "./random.api.ts";

/** Random bytes. */
export const random = implement(randomApi, {
  ProcessPrng({ process }, pbData, cbData) {
    fillRandom(process, pbData.writable(cbData));
    return true;
  },
});
