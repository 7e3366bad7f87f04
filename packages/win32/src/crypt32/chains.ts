import { BOOL, DWORD, ERROR, GUID, PVOID, struct, Win32Error } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { msFromFileTime } from "../files/file-time.ts";
import { chainsApi } from "./chains.api.ts";
import { Contexts } from "./context.ts";
import { certificatesOf, trustedRoots } from "./stores.ts";
import { buildChain, isForHost, TRUST, type ChainElement } from "./trust.ts";
import type { Certificate } from "./x509.ts";

const E_INVALIDARG = 0x8007_0057;
/** Handles of engines: the user's, the machine's, and what is given for one that a program makes, which is like the user's. */
const MADE_ENGINE = 0x0bad_0e00;
const REVOCATION_CHECKS = 0x7000_0000;
const USAGE_MATCH_AND = 0;
/** CERT_CHAIN_POLICY_*, the policies that are numbers. */
const POLICY = { BASE: 1, SSL: 4 } as const;
/** CERT_CHAIN_POLICY_*: what a program is content with. */
const POLICY_FLAG = { IGNORE_TIME: 1, ALLOW_UNKNOWN_CA: 0x10, IGNORE_USAGE: 0x20, IGNORE_NAME: 0x40, IGNORE_REVOCATION: 0xf00 } as const;
/** SECURITY_FLAG_IGNORE_*, the same for connections (wininet.h). */
const SSL_FLAG = { REVOCATION: 0x80, UNKNOWN_CA: 0x100, USAGE: 0x200, NAME: 0x1000, DATE: 0x2000 } as const;
const AUTHTYPE_SERVER = 2;
/** What the policies answer (winerror.h). */
const CERT_E = {
  EXPIRED: 0x800b_0101,
  UNTRUSTEDROOT: 0x800b_0109,
  CHAINING: 0x800b_010a,
  CN_NO_MATCH: 0x800b_010f,
  WRONG_USAGE: 0x800b_0110,
} as const;
const TRUST_E_BASIC_CONSTRAINTS = 0x8009_6019;
const TRUST_E_CERT_SIGNATURE = 0x8009_6004;
const CERT_E_INVALID_NAME = 0x800b_0114;
const CRYPT_E_REVOCATION_OFFLINE = 0x8009_2013;

const STATUS = struct("CERT_TRUST_STATUS", { dwErrorStatus: DWORD, dwInfoStatus: DWORD });
const ELEMENT = struct("CERT_CHAIN_ELEMENT", {
  cbSize: DWORD,
  pCertContext: PVOID,
  TrustStatus: STATUS,
  pRevocationInfo: PVOID,
  pIssuanceUsage: PVOID,
  pApplicationUsage: PVOID,
  pwszExtendedErrorInfo: PVOID,
});
const SIMPLE_CHAIN = struct("CERT_SIMPLE_CHAIN", {
  cbSize: DWORD,
  TrustStatus: STATUS,
  cElement: DWORD,
  rgpElement: PVOID,
  pTrustListInfo: PVOID,
  fHasRevocationFreshnessTime: BOOL,
  dwRevocationFreshnessTime: DWORD,
});
const CHAIN_CONTEXT = struct("CERT_CHAIN_CONTEXT", {
  cbSize: DWORD,
  TrustStatus: STATUS,
  cChain: DWORD,
  rgpChain: PVOID,
  cLowerQualityChainContext: DWORD,
  rgpLowerQualityChainContext: PVOID,
  fHasRevocationFreshnessTime: BOOL,
  dwRevocationFreshnessTime: DWORD,
  dwCreateFlags: DWORD,
  ChainId: GUID,
});
const USAGE = struct("CERT_ENHKEY_USAGE", { cUsageIdentifier: DWORD, rgpszUsageIdentifier: PVOID });
const USAGE_MATCH = struct("CERT_USAGE_MATCH", { dwType: DWORD, Usage: USAGE });
const CHAIN_PARA = struct("CERT_CHAIN_PARA", { cbSize: DWORD, RequestedUsage: USAGE_MATCH });
const POLICY_PARA = struct("CERT_CHAIN_POLICY_PARA", { cbSize: DWORD, dwFlags: DWORD, pvExtraPolicyPara: PVOID });
const SSL_PARA = struct("SSL_EXTRA_CERT_CHAIN_POLICY_PARA", { cbSize: DWORD, dwAuthType: DWORD, fdwChecks: DWORD, pwszServerName: PVOID });
const POLICY_STATUS = struct("CERT_CHAIN_POLICY_STATUS", {
  cbSize: DWORD,
  dwError: DWORD,
  lChainIndex: DWORD,
  lElementIndex: DWORD,
  pvExtraPolicyStatus: PVOID,
});

interface Chain {
  readonly elements: readonly ChainElement[];
  readonly errors: number;
  readonly contexts: readonly number[];
  references: number;
}

class Chains {
  readonly open = new Map<number, Chain>();

  static of({ process }: Thread): Chains {
    return process.state(Chains, () => new Chains());
  }
}

export const chains = implement(chainsApi, {
  CertCreateCertificateChainEngine(_thread, pConfig, phChainEngine) {
    if (pConfig === 0) throw new Win32Error(E_INVALIDARG);
    phChainEngine.set(MADE_ENGINE);
    return true;
  },
  CertFreeCertificateChainEngine: () => true,
  CertGetCertificateChain(thread, _hChainEngine, pCertContext, pTime, hAdditionalStore, pChainPara, dwFlags, _pvReserved, ppChainContext) {
    if (ppChainContext.isNull || pChainPara === 0) throw new Win32Error(E_INVALIDARG);
    const { certificate } = Contexts.of(thread).get(pCertContext);
    const { host } = thread.process;
    const { dwType, Usage } = CHAIN_PARA.load(thread, pChainPara).RequestedUsage;
    const built = buildChain(certificate, {
      roots: trustedRoots(thread),
      others: certificatesOf(thread, hAdditionalStore),
      timeMs: pTime === undefined ? host.clock.now() : msFromFileTime(pTime),
      usages: Array.from({ length: Usage.cUsageIdentifier }, (_, i) =>
        thread.memory.cstring(thread.memory.pointer(Usage.rgpszUsageIdentifier + i * thread.pointerSize)),
      ),
      needsAllUsages: dwType === USAGE_MATCH_AND,
      isSignedBy: (signed, issuer) => host.certificates?.isSignedBy(signed.encoded, issuer.encoded) ?? false,
    });
    // Lists of revoked certificates are on the network, which is not asked.
    const revocation = (dwFlags & REVOCATION_CHECKS) === 0 ? 0 : TRUST.REVOCATION_STATUS_UNKNOWN | TRUST.IS_OFFLINE_REVOCATION;
    const elements = built.elements.map((element) => ({ ...element, errors: element.errors | revocation }));
    ppChainContext.set(layOut(thread, { elements, errors: built.errors | revocation, info: built.info, flags: dwFlags }));
    return true;
  },
  CertDuplicateCertificateChain(thread, pChainContext) {
    const chain = Chains.of(thread).open.get(pChainContext);
    if (chain !== undefined) chain.references++;
    return pChainContext;
  },
  CertFreeCertificateChain(thread, pChainContext) {
    const { open } = Chains.of(thread);
    const chain = open.get(pChainContext);
    if (chain === undefined || --chain.references > 0) return true;
    open.delete(pChainContext);
    for (const context of chain.contexts) Contexts.of(thread).release(thread, context);
    thread.process.heap.free(pChainContext);
    return true;
  },
  CertVerifyCertificateChainPolicy(thread, pszPolicyOID, pChainContext, pPolicyPara, pPolicyStatus) {
    const chain = Chains.of(thread).open.get(pChainContext);
    if (chain === undefined || pPolicyStatus === 0) throw new Win32Error(E_INVALIDARG);
    if (pszPolicyOID !== POLICY.BASE && pszPolicyOID !== POLICY.SSL) throw new Win32Error(ERROR.FILE_NOT_FOUND);
    const { dwFlags, pvExtraPolicyPara } = pPolicyPara === 0 ? { dwFlags: 0, pvExtraPolicyPara: 0 } : POLICY_PARA.load(thread, pPolicyPara);
    const extra = pszPolicyOID === POLICY.SSL && pvExtraPolicyPara !== 0 ? SSL_PARA.load(thread, pvExtraPolicyPara) : undefined;
    const found = judge(chain, dwFlags | ignoredBy(extra?.fdwChecks ?? 0));
    const name =
      extra?.dwAuthType === AUTHTYPE_SERVER && extra.pwszServerName !== 0 ? thread.memory.wstring(extra.pwszServerName) : undefined;
    const mayDiffer = ((dwFlags | ignoredBy(extra?.fdwChecks ?? 0)) & POLICY_FLAG.IGNORE_NAME) !== 0;
    const misnamed = name !== undefined && !mayDiffer && !isForHost(endOf(chain), name);
    POLICY_STATUS.storePart(thread, pPolicyStatus, {
      dwError: found?.error ?? (misnamed ? CERT_E.CN_NO_MATCH : 0),
      lChainIndex: found === undefined ? (misnamed ? 0 : 0xffff_ffff) : 0,
      lElementIndex: found?.element ?? (misnamed ? 0 : 0xffff_ffff),
    });
    return true;
  },
});

function endOf({ elements }: Chain): Certificate {
  const [first] = elements;
  if (first === undefined) throw new Error("a chain has its end");
  return first.certificate;
}

/** The first thing that is wrong with a chain, with the place of the certificate; undefined for a good one. */
function judge(chain: Chain, flags: number): { error: number; element: number } | undefined {
  const { TIME, CA, USAGE, REVOCATION } = {
    TIME: flags & POLICY_FLAG.IGNORE_TIME,
    CA: flags & POLICY_FLAG.ALLOW_UNKNOWN_CA,
    USAGE: flags & POLICY_FLAG.IGNORE_USAGE,
    REVOCATION: flags & POLICY_FLAG.IGNORE_REVOCATION,
  };
  const rules: readonly (readonly [status: number, error: number, isIgnored: number])[] = [
    [TRUST.IS_NOT_SIGNATURE_VALID, TRUST_E_CERT_SIGNATURE, 0],
    [TRUST.IS_UNTRUSTED_ROOT, CERT_E.UNTRUSTEDROOT, CA],
    [TRUST.IS_PARTIAL_CHAIN, CERT_E.CHAINING, CA],
    [TRUST.IS_NOT_TIME_VALID, CERT_E.EXPIRED, TIME],
    [TRUST.INVALID_BASIC_CONSTRAINTS, TRUST_E_BASIC_CONSTRAINTS, 0],
    [TRUST.HAS_NOT_SUPPORTED_NAME_CONSTRAINT, CERT_E_INVALID_NAME, 0],
    [TRUST.IS_NOT_VALID_FOR_USAGE, CERT_E.WRONG_USAGE, USAGE],
    [TRUST.IS_OFFLINE_REVOCATION, CRYPT_E_REVOCATION_OFFLINE, REVOCATION],
  ];
  const rule = rules.find(([status, , isIgnored]) => (chain.errors & status) !== 0 && isIgnored === 0);
  if (rule === undefined) return undefined;
  const element = chain.elements.findIndex(({ errors }) => (errors & rule[0]) !== 0);
  return { error: rule[1], element: element < 0 ? 0xffff_ffff : element };
}

function ignoredBy(checks: number): number {
  return (
    ((checks & SSL_FLAG.REVOCATION) !== 0 ? POLICY_FLAG.IGNORE_REVOCATION : 0) |
    ((checks & SSL_FLAG.UNKNOWN_CA) !== 0 ? POLICY_FLAG.ALLOW_UNKNOWN_CA : 0) |
    ((checks & SSL_FLAG.USAGE) !== 0 ? POLICY_FLAG.IGNORE_USAGE : 0) |
    ((checks & SSL_FLAG.NAME) !== 0 ? POLICY_FLAG.IGNORE_NAME : 0) |
    ((checks & SSL_FLAG.DATE) !== 0 ? POLICY_FLAG.IGNORE_TIME : 0)
  );
}

/** One block of the heap: the context, one pointer, one simple chain, its pointers, and its elements, whose contexts have a reference each. */
function layOut(
  thread: Thread,
  { elements, errors, info, flags }: { elements: readonly ChainElement[]; errors: number; info: number; flags: number },
): number {
  const { memory, pointerSize, process } = thread;
  const sizes = {
    context: Math.ceil(CHAIN_CONTEXT.size(pointerSize) / 8) * 8,
    chain: Math.ceil(SIMPLE_CHAIN.size(pointerSize) / 8) * 8,
    element: Math.ceil(ELEMENT.size(pointerSize) / 8) * 8,
  };
  const address = process.heap.allocate(sizes.context + 8 + sizes.chain + elements.length * (8 + sizes.element));
  if (address === 0) throw new Win32Error(ERROR.NOT_ENOUGH_MEMORY);
  const pointerAt = address + sizes.context;
  const chainAt = pointerAt + 8;
  const pointersAt = chainAt + sizes.chain;
  const elementsAt = pointersAt + 8 * elements.length;
  const status = { dwErrorStatus: errors, dwInfoStatus: info };
  CHAIN_CONTEXT.store(thread, address, {
    cbSize: CHAIN_CONTEXT.size(pointerSize),
    TrustStatus: status,
    cChain: 1,
    rgpChain: pointerAt,
    dwCreateFlags: flags,
  });
  memory.setPointer(pointerAt, chainAt);
  SIMPLE_CHAIN.store(thread, chainAt, {
    cbSize: SIMPLE_CHAIN.size(pointerSize),
    TrustStatus: status,
    cElement: elements.length,
    rgpElement: pointersAt,
  });
  const contexts = elements.map(({ certificate }) => Contexts.of(thread).create(thread, certificate, 0).address);
  elements.forEach((element, i) => {
    const at = elementsAt + i * sizes.element;
    memory.setPointer(pointersAt + i * pointerSize, at);
    ELEMENT.store(thread, at, {
      cbSize: ELEMENT.size(pointerSize),
      pCertContext: contexts[i]!,
      TrustStatus: { dwErrorStatus: element.errors, dwInfoStatus: element.info },
    });
  });
  Chains.of(thread).open.set(address, { elements, errors, contexts, references: 1 });
  return address;
}
