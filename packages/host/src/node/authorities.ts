import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import process from "node:process";
import type * as Tls from "node:tls";

/** Where Linux keeps the authorities that its administrator trusts. */
const SYSTEM_AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

let trusted: readonly string[] | undefined;

/** The certificates of those whom Node, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and the system trust, each once, as PEM. */
export function authorities(): readonly string[] {
  if (trusted !== undefined) return trusted;
  const { rootCertificates } = createRequire(import.meta.url)("node:tls") as typeof Tls;
  const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE } = process.env;
  const files = [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, ...SYSTEM_AUTHORITIES].flatMap(certificatesIn);
  return (trusted = [...new Set([...rootCertificates.map((text) => text.trim()), ...files])]);
}

function certificatesIn(path: string | undefined): readonly string[] {
  try {
    const text = path === undefined ? "" : readFileSync(path, "latin1");
    return (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((each) => each.replaceAll("\r", ""));
  } catch {
    return []; // not there: nobody more is trusted
  }
}
