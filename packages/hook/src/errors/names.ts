import { ERRNO } from "./errno-codes.ts";
import { E } from "./hresult-codes.ts";
import { STATUS } from "./status-codes.ts";
import { ERROR, WSA } from "./win32-codes.ts";

/** The kinds of error code that Windows has. */
export type ErrorKind = "win32" | "status" | "errno" | "hresult";

const names = new Map<ErrorKind, Map<number, string>>();

/** The name of an error code as Windows' headers spell it, or the code itself where it has none here. */
export function errorName(kind: ErrorKind, code: number): string {
  const unsigned = code >>> 0;
  const known = tableOf(kind).get(unsigned);
  if (known !== undefined) return known;
  if (kind === "hresult" && unsigned >>> 16 === 0x8007) return `HRESULT_FROM_WIN32(${errorName("win32", unsigned & 0xffff)})`;
  return unsigned < 0x10000 ? String(unsigned) : `0x${unsigned.toString(16).toUpperCase()}`;
}

/** Codes of COM that are only shown ("COM Error Codes"). */
const COM_CODES = {
  S_OK: 0,
  S_FALSE: 1,
  CLASS_E_NOAGGREGATION: 0x8004_0110,
  CLASS_E_CLASSNOTAVAILABLE: 0x8004_0111,
  REGDB_E_CLASSNOTREG: 0x8004_0154,
  CO_E_NOTINITIALIZED: 0x8004_01f0,
  CO_E_ALREADYINITIALIZED: 0x8004_01f1,
  CO_E_CLASSSTRING: 0x8004_01f3,
  RPC_E_CHANGED_MODE: 0x8001_0106,
  RPC_E_DISCONNECTED: 0x8001_0108,
};

/** Made at the first use: a run without a trace never needs them. */
function tableOf(kind: ErrorKind): Map<number, string> {
  let table = names.get(kind);
  if (table === undefined) {
    table = new Map();
    names.set(kind, table);
    const add = (codes: Readonly<Record<string, number>>, prefix: string) => {
      for (const [name, code] of Object.entries(codes)) if (table?.has(code) === false) table.set(code, prefix + name);
    };
    if (kind === "win32") {
      add(ERROR, "ERROR_");
      add(WSA, "WSA");
    } else if (kind === "status") add(STATUS, "STATUS_");
    else if (kind === "errno") add(ERRNO, "");
    else {
      add(E, "E_");
      add(COM_CODES, "");
    }
  }
  return table;
}
