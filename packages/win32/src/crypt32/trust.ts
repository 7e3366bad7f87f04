import { alternativeNames, extendedKeyUsage, extensionValue, isAuthority, keyUsage, OID, sameBytes, type Certificate } from "./x509.ts";
import { attributeOf } from "./names.ts";

/** CERT_TRUST_*: what is wrong with a certificate or a chain ("CERT_TRUST_STATUS structure"). */
export const TRUST = {
  IS_NOT_TIME_VALID: 1, IS_NOT_SIGNATURE_VALID: 8, IS_NOT_VALID_FOR_USAGE: 0x10, IS_UNTRUSTED_ROOT: 0x20, REVOCATION_STATUS_UNKNOWN: 0x40,
  INVALID_BASIC_CONSTRAINTS: 0x400, HAS_NOT_SUPPORTED_NAME_CONSTRAINT: 0x2000, IS_PARTIAL_CHAIN: 0x1_0000, IS_OFFLINE_REVOCATION: 0x100_0000,
} as const; // prettier-ignore
/** And what is known of it. */
export const INFO = { HAS_NAME_MATCH_ISSUER: 4, IS_SELF_SIGNED: 8, HAS_PREFERRED_ISSUER: 0x100 } as const;
const KEY_CERT_SIGN = 4;
const MAX_DEPTH = 16;

export interface ChainElement {
  readonly certificate: Certificate;
  readonly errors: number;
  readonly info: number;
}

/** What a chain is built from, and asked. */
export interface ChainQuery {
  readonly roots: readonly Certificate[];
  /** Where issuers may be found besides. */
  readonly others: readonly Certificate[];
  readonly timeMs: number;
  readonly usages: readonly string[];
  /** All usages are asked for, in the place of one of them. */
  readonly needsAllUsages: boolean;
  readonly isSignedBy: (certificate: Certificate, issuer: Certificate) => boolean;
}

/** The chain from a certificate to a root, as far as there are issuers; each issuer's key made the signature. A root of `roots` is preferred. */
export function buildChain(end: Certificate, query: ChainQuery): { elements: ChainElement[]; errors: number; info: number } {
  const certificates = [end];
  let last = end;
  let isTampered = false;
  while (certificates.length < MAX_DEPTH && !isSelfIssued(last)) {
    const named = [...query.roots, ...query.others].filter((each) => sameBytes(each.subject, last.issuer) && !certificates.includes(each));
    const issuer = named.find((each) => query.isSignedBy(last, each));
    isTampered ||= issuer === undefined && named.length > 0;
    if (issuer === undefined) break;
    certificates.push(issuer);
    last = issuer;
  }
  const isComplete = isSelfIssued(last);
  const isTrusted = query.roots.some((root) => sameBytes(root.encoded, last.encoded));
  const elements = certificates.map((certificate, i): ChainElement => {
    const isLast = i === certificates.length - 1;
    const signature =
      isLast && (isTampered || (isComplete && !isTrusted && !query.isSignedBy(last, last))) ? TRUST.IS_NOT_SIGNATURE_VALID : 0;
    const root = isLast && isComplete && !isTrusted ? TRUST.IS_UNTRUSTED_ROOT : 0;
    return {
      certificate,
      errors: errorsOf(certificate, query, i > 0) | signature | root,
      info: INFO.HAS_PREFERRED_ISSUER | INFO.HAS_NAME_MATCH_ISSUER | (isSelfIssued(certificate) ? INFO.IS_SELF_SIGNED : 0),
    };
  });
  const partial = isComplete || isTrusted ? 0 : TRUST.IS_PARTIAL_CHAIN;
  return { elements, errors: elements.reduce((all, { errors }) => all | errors, partial), info: INFO.HAS_PREFERRED_ISSUER };
}

/** Whether a certificate is for a host's name (RFC 6125: a "*" is the whole first label) or address. */
export function isForHost(certificate: Certificate, host: string): boolean {
  const { dns, addresses } = alternativeNames(certificate);
  const isAddress = /^[\d.]+$|:/.test(host);
  if (isAddress) return addresses.includes(host);
  const common = dns.length + addresses.length > 0 ? undefined : attributeOf(certificate.subject, OID.commonName);
  const wanted = host.toLowerCase().replace(/\.$/, "");
  return [...dns, ...(common === undefined ? [] : [common])].some((pattern) => {
    const name = pattern.toLowerCase();
    if (!name.startsWith("*.")) return name === wanted;
    const dot = wanted.indexOf(".");
    return dot > 0 && name.slice(1) === wanted.slice(dot) && name.slice(2).includes(".");
  });
}

function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return sameBytes(issuer, subject);
}

function errorsOf(certificate: Certificate, { timeMs, usages, needsAllUsages }: ChainQuery, isIssuer: boolean): number {
  const allowed = extendedKeyUsage(certificate);
  const permits = (usage: string): boolean => allowed === undefined || allowed.includes(usage) || allowed.includes(OID.anyExtendedKeyUsage);
  const isForUsage = usages.length === 0 || (needsAllUsages ? usages.every(permits) : usages.some(permits));
  const mayNotSign = isIssuer && (!isAuthority(certificate) || ((keyUsage(certificate) ?? KEY_CERT_SIGN) & KEY_CERT_SIGN) === 0);
  return (
    (timeMs < certificate.notBeforeMs || timeMs > certificate.notAfterMs ? TRUST.IS_NOT_TIME_VALID : 0) |
    (isForUsage ? 0 : TRUST.IS_NOT_VALID_FOR_USAGE) |
    (mayNotSign ? TRUST.INVALID_BASIC_CONSTRAINTS : 0) |
    // Which names an authority may speak for is not compared, so that such a chain is not said to be good.
    (isIssuer && extensionValue(certificate, OID.nameConstraints) !== undefined ? TRUST.HAS_NOT_SUPPORTED_NAME_CONSTRAINT : 0)
  );
}
