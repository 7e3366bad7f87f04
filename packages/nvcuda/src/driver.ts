import { CUDA_ERROR, CudaError, errorName, errorString, introducedIn, procedureName } from "@decant/cuda";
import { driverApi } from "./driver.api.ts";
import { type ExportTable, placeTable, uuidText } from "./export-table.ts";
import { type GuestThread, implement, named, need, type Nvcuda } from "./library.ts";
import { hybridTable } from "./runtime/hybrid.ts";

/** The version that cuDriverGetVersion answers before cuInit, when no driver has been asked. */
const DRIVER_VERSION = 13000;
/** CU_GET_PROC_ADDRESS_LEGACY_STREAM, which is the default, and CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM. */
const LEGACY_STREAM = 1n;
const PER_THREAD_DEFAULT_STREAM = 2n;
/** The tables that cuGetExportTable has, by their CUuuid. */
const tables: ReadonlyMap<string, ExportTable> = new Map([hybridTable].map((table) => [table.id, table]));
/**
 * What a CUDA runtime that is linked into a program asks for right after cuInit, and cannot do without (seen with CUDA 13's for Linux, which works as those
 * for Windows did until CUDA 12): docs/cuda.md has what else it asks for.
 */
const STATIC_RUNTIME_TABLE = "6bd5fb6c-5bf4-e74a-8987-d93912fd9df9";
/** CUdriverProcAddressQueryResult. */
const QUERY = { SUCCESS: 0, SYMBOL_NOT_FOUND: 1, VERSION_NOT_SUFFICIENT: 2 } as const;

export const driver = (nvcuda: Nvcuda) =>
  implement(driverApi, {
    *cuInit(thread, flags) {
      yield* nvcuda.initialize(thread, flags);
    },
    cuDriverGetVersion(thread, driverVersion) {
      need(driverVersion);
      driverVersion.set(nvcuda.state(thread).client?.session.info.driverVersion ?? DRIVER_VERSION);
    },
    cuGetProcAddress(thread, symbol, pfn, cudaVersion, flags) {
      need(pfn);
      const address = procedure(thread, named(symbol), cudaVersion, flags);
      pfn.set(address);
      if (address === 0) throw new CudaError(CUDA_ERROR.NOT_FOUND);
    },
    cuGetProcAddress_v2(thread, symbol, pfn, cudaVersion, flags, symbolStatus, ...rest) {
      need(pfn);
      // The form for per-thread default streams gives one more argument: its own default is theirs.
      const isDefault = (flags & (LEGACY_STREAM | PER_THREAD_DEFAULT_STREAM)) === 0n;
      const asked = isDefault && (rest as unknown[]).length > 0 ? PER_THREAD_DEFAULT_STREAM : flags;
      const address = procedure(thread, named(symbol), cudaVersion, asked);
      pfn.set(address);
      const missing = cudaVersion < introducedIn(named(symbol)) ? QUERY.VERSION_NOT_SUFFICIENT : QUERY.SYMBOL_NOT_FOUND;
      symbolStatus.set(address === 0 ? missing : QUERY.SUCCESS);
      if (address === 0) throw new CudaError(CUDA_ERROR.NOT_FOUND);
    },
    // Most tables are undocumented; programs that ask for those that are not here can do without.
    cuGetExportTable(thread, ppExportTable, pExportTableId) {
      need(ppExportTable);
      ppExportTable.set(0);
      const id = uuidText(thread.memory.read(pExportTableId, 16));
      const table = tables.get(id);
      if (id === STATIC_RUNTIME_TABLE) thread.kernel.reportOnce(staticRuntime(thread.process.name));
      if (!table) throw new CudaError(CUDA_ERROR.NOT_FOUND);
      const { exportTables } = nvcuda.state(thread);
      const address = exportTables.get(id) ?? placeTable(thread, table);
      exportTables.set(id, address);
      ppExportTable.set(address);
    },
    cuGetErrorName(thread, error, pStr) {
      const name = errorName(error);
      pStr.set(name === undefined ? 0 : nvcuda.text(thread, name));
      if (name === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    },
    cuGetErrorString(thread, error, pStr) {
      const text = errorString(error);
      pStr.set(text === undefined ? 0 : nvcuda.text(thread, text));
      if (text === undefined) throw new CudaError(CUDA_ERROR.INVALID_VALUE);
    },
    cuModuleGetLoadingMode(thread, mode) {
      mode.set(nvcuda.cuda(thread).cuModuleGetLoadingMode());
    },
  });

function staticRuntime(program: string): string {
  return `${program} has the runtime of CUDA 12 or earlier linked into it, which asks nvcuda.dll for tables that NVIDIA does not document (${STATIC_RUNTIME_TABLE}): its CUDA calls will fail; built with -cudart shared, or by CUDA 13, it would run`;
}

/** The guest address of the form of a function that a program made with `cudaVersion` expects, or 0, also where that had no such function. */
function procedure(thread: GuestThread, symbol: string, cudaVersion: number, flags: bigint): number {
  if (cudaVersion < introducedIn(symbol)) return 0;
  const name = procedureName(symbol, cudaVersion, (flags & PER_THREAD_DEFAULT_STREAM) !== 0n);
  const target = name === undefined ? undefined : thread.process.modules.find("nvcuda.dll")?.exports.byName.get(name);
  return target && "address" in target ? (target.address as number) : 0;
}
