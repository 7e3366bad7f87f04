import { readFileSync } from "node:fs";
import { nodeCertificates } from "@decant/host";
import { ERROR } from "@decant/hook";
import { guest } from "@decant/testing";
import { expect, test } from "vitest";
import { isForHost, TRUST } from "./trust.ts";
import { readCertificate } from "./x509.ts";

const X509 = 1;
const E_ACCESSDENIED = 0x8007_0005;
const CRYPT_E_NOT_FOUND = 0x8009_2004;
const CERT_E_UNTRUSTEDROOT = 0x800b_0109;
const CERT_E_CN_NO_MATCH = 0x800b_010f;
const MEMORY = 2;
const FIND = { ISSUER_NAME: 0x2_0004, ISSUER_OF: 0xc_0000 };
/** A day between the certificates' limits, as FILETIME. */
const VALID = 134_500_000_000_000_000n;

const source = readFileSync(new URL("../../../../fixtures/certificates/certificates.h", import.meta.url), "utf8");
const [root, intermediate, leaf] = ["root", "inter", "leaf"].map((name) => {
  const bytes = new RegExp(`${name}_der\\[\\] = \\{([^}]*)`).exec(source)?.[1] ?? "";
  return Uint8Array.from(bytes.match(/0x../g) ?? [], Number);
}) as [Uint8Array, Uint8Array, Uint8Array];

/** A guest whose host trusts our root, or nobody. */
function trusting(roots: readonly Uint8Array[], bits: 32 | 64 = 64) {
  const made = guest({ bits, certificates: { ...nodeCertificates(), roots: () => roots } });
  const { call, allocate, memory, thread } = made;
  const put = (bytes: Uint8Array): number => {
    const at = allocate(bytes.length);
    memory.write(at, bytes);
    return at;
  };
  const context = (der: Uint8Array): number => call("CertCreateCertificateContext", X509, put(der), der.length) as number;
  const name = (at: number): string => {
    const text = allocate(128);
    call("CertGetNameStringA", at, 4, 0, 0, text, 128);
    return memory.cstring(text);
  };
  /** The answer of the policy for connections to a host, on the chain of a certificate with the intermediate at hand. */
  const verify = (host: string, { usage = "1.3.6.1.5.5.7.3.1", others = [intermediate] } = {}): { trust: number; error: number } => {
    const pointer = thread.pointerSize;
    const store = call("CertOpenStore", MEMORY, 0, 0, 0, 0) as number;
    for (const other of others) call("CertAddEncodedCertificateToStore", store, X509, put(other), other.length, 4, 0);
    const para = allocate(64);
    memory.fill(para, 0, 64);
    const usages = allocate(16);
    memory.setPointer(usages, put(new TextEncoder().encode(`${usage}\0`)));
    memory.setU32(para, 4 * pointer);
    memory.setU32(para + 2 * pointer, 1);
    memory.setPointer(para + 3 * pointer, usages);
    const time = allocate(8);
    memory.setU64(time, VALID);
    const result = allocate(8);
    expect(call("CertGetCertificateChain", 0, context(leaf), time, store, para, 0, 0, result)).toBe(1);
    const chain = memory.pointer(result);
    const ssl = allocate(32);
    memory.fill(ssl, 0, 32);
    memory.setU32(ssl, 12 + pointer + (pointer === 8 ? 4 : 0));
    memory.setU32(ssl + 4, 2);
    memory.setPointer(ssl + (pointer === 8 ? 16 : 12), put(new Uint8Array(Buffer.from(`${host}\0`, "utf16le"))));
    const policy = allocate(16);
    memory.fill(policy, 0, 16);
    memory.setU32(policy, 8 + pointer);
    memory.setPointer(policy + 8, ssl);
    const status = allocate(24);
    memory.fill(status, 0, 24);
    expect(call("CertVerifyCertificateChainPolicy", 4, chain, policy, status)).toBe(1);
    const answer = { trust: memory.u32(chain + 4), error: memory.u32(status + 4) };
    call("CertFreeCertificateChain", chain);
    return answer;
  };
  return { ...made, put, context, name, verify };
}

test.each([32, 64] as const)("the system's ROOT store has whom the host trusts, to read only, for a program of %i bits", (bits) => {
  const { call, context, name, thread } = trusting([root, intermediate], bits);
  const store = call("CertOpenSystemStoreW", 0, "root");
  const first = call("CertEnumCertificatesInStore", store, 0) as number;
  expect(name(first)).toBe("Test Root");
  const second = call("CertEnumCertificatesInStore", store, first) as number;
  expect(name(second)).toBe("Test Intermediate");
  expect(call("CertEnumCertificatesInStore", store, second)).toBe(0);
  expect(thread.lastError).toBe(CRYPT_E_NOT_FOUND);
  expect(call("CertAddCertificateContextToStore", store, context(leaf), 4, 0)).toBe(0);
  expect(thread.lastError).toBe(E_ACCESSDENIED);
  expect(call("CertCloseStore", store, 0)).toBe(1);
  expect(call("CertCloseStore", store, 0)).toBe(0);
});

test("the other stores of the system are empty, and unknown ones are not there", () => {
  const { call, thread } = trusting([root]);
  expect(call("CertEnumCertificatesInStore", call("CertOpenSystemStoreA", 0, "MY"), 0)).toBe(0);
  expect(thread.lastError).toBe(CRYPT_E_NOT_FOUND);
  expect(call("CertOpenSystemStoreA", 0, "none of these")).toBe(0);
  expect(call("CertOpenStore", 77, 0, 0, 0, 0)).toBe(0);
  expect(thread.lastError).toBe(ERROR.FILE_NOT_FOUND);
});

test("searches by the issuer's name find what it has signed, and by a certificate what has signed it", () => {
  const { allocate, call, context, memory, name, put } = trusting([]);
  const store = call("CertOpenStore", MEMORY, 0, 0, 0, 0) as number;
  for (const each of [leaf, intermediate, root]) call("CertAddCertificateContextToStore", store, context(each), 4, 0);
  const issuer = readCertificate(leaf).issuer;
  const blob = allocate(16);
  memory.setU32(blob, issuer.length);
  memory.setPointer(blob + 8, put(issuer));
  expect(name(call("CertFindCertificateInStore", store, X509, 0, FIND.ISSUER_NAME, blob, 0) as number)).toBe("www.example.test");
  expect(name(call("CertFindCertificateInStore", store, X509, 0, FIND.ISSUER_OF, context(leaf), 0) as number)).toBe("Test Intermediate");
});

test.each([32, 64] as const)("a chain to a trusted root is good for the host's name alone, for a program of %i bits", (bits) => {
  const { verify } = trusting([root], bits);
  expect(verify("www.example.test")).toEqual({ trust: 0, error: 0 });
  expect(verify("a.wild.example.test")).toEqual({ trust: 0, error: 0 });
  expect(verify("example.test")).toEqual({ trust: 0, error: CERT_E_CN_NO_MATCH });
  expect(verify("127.0.0.1")).toEqual({ trust: 0, error: 0 });
  expect(verify("127.0.0.2")).toEqual({ trust: 0, error: CERT_E_CN_NO_MATCH });
});

test("a chain is refused where nobody trusts its root, an issuer is missing, or the use is another", () => {
  expect(trusting([]).verify("www.example.test", { others: [intermediate, root] })).toEqual({
    trust: TRUST.IS_UNTRUSTED_ROOT,
    error: CERT_E_UNTRUSTEDROOT,
  });
  expect(trusting([root]).verify("www.example.test", { others: [] }).trust).toBe(TRUST.IS_PARTIAL_CHAIN);
  expect(trusting([root]).verify("www.example.test", { usage: "1.3.6.1.5.5.7.3.2" }).trust).toBe(TRUST.IS_NOT_VALID_FOR_USAGE);
});

test("an issuer of the right name whose key made no such signature is none", () => {
  const forged = intermediate.slice();
  // The last byte of the intermediate's own key, which signed the leaf.
  const { publicKey } = readCertificate(forged);
  publicKey.bytes[publicKey.bytes.length - 1]! ^= 1;
  const { trust } = trusting([root]).verify("www.example.test", { others: [forged] });
  expect(trust & (TRUST.IS_NOT_SIGNATURE_VALID | TRUST.IS_PARTIAL_CHAIN)).toBe(TRUST.IS_NOT_SIGNATURE_VALID | TRUST.IS_PARTIAL_CHAIN);
});

test("a star stands for one label at the start of a name", () => {
  const certificate = readCertificate(leaf);
  expect(["x.wild.example.test", "X.Wild.Example.test"].map((host) => isForHost(certificate, host))).toEqual([true, true]);
  expect(["wild.example.test", "a.b.wild.example.test", ".wild.example.test"].map((host) => isForHost(certificate, host))).toEqual([
    false,
    false,
    false,
  ]);
});

test("contexts are freed with their last reference, and what is none is refused", () => {
  const { allocate, call, context, put, thread } = trusting([]);
  const at = context(leaf);
  expect(call("CertDuplicateCertificateContext", at)).toBe(at);
  call("CertFreeCertificateContext", at);
  const size = allocate(4);
  expect(call("CertGetCertificateContextProperty", at, 3, 0, size)).toBe(1);
  call("CertFreeCertificateContext", at);
  expect(call("CertGetCertificateContextProperty", at, 3, 0, size)).toBe(0);
  expect(call("CertCreateCertificateContext", X509, put(leaf.subarray(0, 100)), 100)).toBe(0);
  expect(thread.lastError).toBe(0x8009_310b);
});
