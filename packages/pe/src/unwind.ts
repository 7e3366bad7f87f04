import { PeError } from "./error.ts";
import { DIRECTORY } from "./image.ts";
import type { Image } from "./image.ts";
import { directoryOf } from "./rva-view.ts";
import type { RvaSource } from "./rva-view.ts";

/** An entry of an x86-64 image's function table (.pdata), addresses relative to the image. */
export interface RuntimeFunction {
  readonly begin: number;
  readonly end: number;
  readonly unwindInfo: number;
}

/** Unwind operations (x64 exception handling, "Unwind operation code"). */
export const UWOP = {
  PUSH_NONVOL: 0,
  ALLOC_LARGE: 1,
  ALLOC_SMALL: 2,
  SET_FPREG: 3,
  SAVE_NONVOL: 4,
  SAVE_NONVOL_FAR: 5,
  EPILOG: 6,
  SAVE_XMM128: 8,
  SAVE_XMM128_FAR: 9,
  PUSH_MACHFRAME: 10,
} as const;

/** One unwind operation, its operands decoded. */
export interface UnwindCode {
  /** Offset of the end of the prologue instruction that it describes. */
  readonly prologOffset: number;
  readonly operation: number;
  /** The register number, or for PUSH_MACHFRAME whether there is an error code. */
  readonly info: number;
  /** Bytes: of an allocation, or of a save's offset from the frame. 0 for the others. */
  readonly value: number;
}

/** A function's UNWIND_INFO. */
export interface UnwindInfo {
  readonly prologSize: number;
  /** 0 when the function has no frame register. */
  readonly frameRegister: number;
  /** Bytes that the frame register lies above rsp. */
  readonly frameOffset: number;
  readonly codes: readonly UnwindCode[];
  readonly flags: number;
  readonly chained: RuntimeFunction | undefined;
  /** The language handler, and where its data starts. */
  readonly handler: { readonly rva: number; readonly data: number } | undefined;
}

/** Flags of UNWIND_INFO. */
export const UNW_FLAG = { EHANDLER: 1, UHANDLER: 2, CHAININFO: 4 } as const;

/** The function table of an image: sorted by `begin`, as the format demands. Addresses that do not fit the image are refused by PeError. */
export function readFunctionTable(image: Image, source: RvaSource): RuntimeFunction[] {
  const directory = directoryOf(image, DIRECTORY.EXCEPTION);
  if (directory === undefined || !image.is64) return [];
  if (directory.rva + directory.size > image.sizeOfImage) {
    throw new PeError(
      "malformed",
      `expected the function table inside the image, found ${directory.size} bytes at 0x${directory.rva.toString(16)}`,
    );
  }
  const functions: RuntimeFunction[] = [];
  for (let at = directory.rva; at + 12 <= directory.rva + directory.size; at += 12) {
    const begin = source.u32(at);
    if (begin !== 0) functions.push({ begin, end: source.u32(at + 4), unwindInfo: source.u32(at + 8) });
  }
  return functions;
}

/** The UNWIND_INFO at an address (x64 exception handling, "struct UNWIND_INFO"). Throws PeError for a version or code that is not known. */
export function readUnwindInfo(source: RvaSource, rva: number): UnwindInfo {
  const first = source.u8(rva);
  const version = first & 7;
  if (version !== 1 && version !== 2) throw new PeError("malformed", `expected unwind information of version 1 or 2, found ${version}`);
  const flags = first >>> 3;
  const count = source.u8(rva + 2);
  const frame = source.u8(rva + 3);
  const tail = rva + 4 + (count + (count & 1)) * 2;
  const isChained = (flags & UNW_FLAG.CHAININFO) !== 0;
  const hasHandler = !isChained && (flags & (UNW_FLAG.EHANDLER | UNW_FLAG.UHANDLER)) !== 0;
  return {
    prologSize: source.u8(rva + 1),
    frameRegister: frame & 15,
    frameOffset: (frame >>> 4) * 16,
    codes: readCodes(source, rva + 4, count),
    flags,
    chained: isChained ? { begin: source.u32(tail), end: source.u32(tail + 4), unwindInfo: source.u32(tail + 8) } : undefined,
    handler: hasHandler ? { rva: source.u32(tail), data: tail + 4 } : undefined,
  };
}

function readCodes(source: RvaSource, start: number, count: number): UnwindCode[] {
  const codes: UnwindCode[] = [];
  for (let index = 0; index < count;) {
    const at = start + index * 2;
    const operation = source.u8(at + 1) & 15;
    const info = source.u8(at + 1) >>> 4;
    const near = (): number => source.u16(at + 2);
    const far = (): number => source.u32(at + 2);
    const [slots, value] = operands(operation, info, near, far);
    codes.push({ prologOffset: source.u8(at), operation, info, value });
    index += slots;
  }
  return codes;
}

/** Slots of two bytes that a code takes, and the bytes that its operand stands for. */
function operands(operation: number, info: number, near: () => number, far: () => number): [slots: number, value: number] {
  switch (operation) {
    case UWOP.ALLOC_LARGE:
      return info === 0 ? [2, near() * 8] : [3, far()];
    case UWOP.ALLOC_SMALL:
      return [1, info * 8 + 8];
    case UWOP.SAVE_NONVOL:
      return [2, near() * 8];
    case UWOP.SAVE_XMM128:
      return [2, near() * 16];
    case UWOP.SAVE_NONVOL_FAR:
    case UWOP.SAVE_XMM128_FAR:
      return [3, far()];
    case UWOP.PUSH_NONVOL:
    case UWOP.SET_FPREG:
    case UWOP.EPILOG:
    case UWOP.PUSH_MACHFRAME:
      return [1, 0];
    default:
      throw new PeError("malformed", `expected a known unwind operation, found ${operation}`);
  }
}
