import { createRequire } from "node:module";
import type * as Crypto from "node:crypto";
import type { HostCertificates } from "../certificates.ts";
import { authorities } from "./authorities.ts";

/** The authorities that Node (whose are Mozilla's) and this system trust. Node's modules are loaded when they are needed: they take milliseconds, and few programs ask. */
export function nodeCertificates(): HostCertificates {
  const require = createRequire(import.meta.url);
  let roots: readonly Uint8Array[] | undefined;
  return {
    roots: () =>
      (roots ??= authorities().map((text) =>
        Uint8Array.from(atob(text.replaceAll(/-----[^-]*-----|\s/g, "")), (letter) => letter.charCodeAt(0)),
      )),
    isSignedBy(certificate, issuer) {
      const { X509Certificate } = require("node:crypto") as typeof Crypto;
      try {
        return new X509Certificate(certificate).verify(new X509Certificate(issuer).publicKey);
      } catch {
        return false;
      }
    },
  };
}
