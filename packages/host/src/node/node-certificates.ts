import { createRequire } from "node:module";
import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";
import type { HostCertificates } from "../certificates.ts";

/** The authorities that Node brings along, which are Mozilla's. Node's modules are loaded when they are needed: they take milliseconds, and few programs ask. */
export function nodeCertificates(): HostCertificates {
  const require = createRequire(import.meta.url);
  let roots: readonly Uint8Array[] | undefined;
  return {
    roots: () =>
      (roots ??= (require("node:tls") as typeof Tls).rootCertificates.map((text) =>
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
