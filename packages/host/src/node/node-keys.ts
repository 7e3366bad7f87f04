import { createRequire } from "node:module";
import type * as Crypto from "node:crypto";
import type { HostKeys } from "../keys.ts";

/** Keys by OpenSSL, in a thread of Node's. The module is loaded with the first. */
export function nodeKeys(): HostKeys {
  return {
    rsaPrimes: (bits, exponent) =>
      new Promise((resolve, reject) => {
        const { generateKeyPair } = createRequire(import.meta.url)("node:crypto") as typeof Crypto;
        generateKeyPair("rsa", { modulusLength: bits, publicExponent: exponent }, (error, _publicKey, privateKey) => {
          if (error !== null) return reject(error);
          const { p, q } = privateKey.export({ format: "jwk" });
          const bytes = (text = ""): Uint8Array => Uint8Array.from(Buffer.from(text, "base64url"));
          resolve([bytes(p), bytes(q)]);
        });
      }),
  };
}
