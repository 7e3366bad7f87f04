import { api, BYTES, bytesIn, fn, LPCWSTR, NTSTATUS, out, PVOID, required, ULONG } from "@decant/hook";

const NAME = required(LPCWSTR);

/** Pairs of keys: RSA, and the curves of NIST ("CNG Cryptographic Primitive Functions"). */
export const cngKeyPairsApi = api(["bcrypt", "ncrypt"], {
  BCryptGenerateKeyPair: fn(NTSTATUS, ["hAlgorithm", PVOID], ["phKey", out(PVOID)], ["dwLength", ULONG], ["dwFlags", ULONG]),
  BCryptFinalizeKeyPair: fn(NTSTATUS, ["hKey", PVOID], ["dwFlags", ULONG]),
  BCryptImportKeyPair: fn(
    NTSTATUS,
    ["hAlgorithm", PVOID],
    ["hImportKey", PVOID],
    ["pszBlobType", NAME],
    ["phKey", out(PVOID)],
    ["pbInput", bytesIn("cbInput")],
    ["cbInput", ULONG],
    ["dwFlags", ULONG],
  ),
  BCryptExportKey: fn(
    NTSTATUS,
    ["hKey", PVOID],
    ["hExportKey", PVOID],
    ["pszBlobType", NAME],
    ["pbOutput", BYTES],
    ["cbOutput", ULONG],
    ["pcbResult", out(ULONG)],
    ["dwFlags", ULONG],
  ),
  BCryptSignHash: fn(
    NTSTATUS,
    ["hKey", PVOID],
    ["pPaddingInfo", PVOID],
    ["pbInput", bytesIn("cbInput")],
    ["cbInput", ULONG],
    ["pbOutput", BYTES],
    ["cbOutput", ULONG],
    ["pcbResult", out(ULONG)],
    ["dwFlags", ULONG],
  ),
  BCryptVerifySignature: fn(
    NTSTATUS,
    ["hKey", PVOID],
    ["pPaddingInfo", PVOID],
    ["pbHash", bytesIn("cbHash")],
    ["cbHash", ULONG],
    ["pbSignature", bytesIn("cbSignature")],
    ["cbSignature", ULONG],
    ["dwFlags", ULONG],
  ),
  BCryptSecretAgreement: fn(NTSTATUS, ["hPrivKey", PVOID], ["hPubKey", PVOID], ["phAgreedSecret", out(PVOID)], ["dwFlags", ULONG]),
  BCryptDeriveKey: fn(
    NTSTATUS,
    ["hSharedSecret", PVOID],
    ["pwszKDF", NAME],
    ["pParameterList", PVOID],
    ["pbDerivedKey", BYTES],
    ["cbDerivedKey", ULONG],
    ["pcbResult", out(ULONG)],
    ["dwFlags", ULONG],
  ),
  BCryptDestroySecret: fn(NTSTATUS, ["hSecret", PVOID]),
});
