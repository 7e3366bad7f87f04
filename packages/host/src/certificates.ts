/** Certificates of X.509, as DER. */
export interface HostCertificates {
  /** The certificate authorities that the host trusts. */
  roots(): readonly Uint8Array[];
  /** Whether the key of `issuer` made the signature of `certificate`; false too for what cannot be read. */
  isSignedBy(certificate: Uint8Array, issuer: Uint8Array): boolean;
}
