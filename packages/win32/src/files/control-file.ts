import { NtError, STATUS } from "@decant/hook";
import type { Kernel } from "@decant/process";
import { RIGHT } from "./access.ts";
import { fileAttributes } from "./attributes.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { DiskFile } from "./disk-file.ts";
import { readReparsePoint, setReparsePoint } from "./reparse-point.ts";

/** FSCTL_* (winioctl.h). */
export const FSCTL = {
  SET_REPARSE_POINT: 0x900a4,
  GET_REPARSE_POINT: 0x900a8,
  DELETE_REPARSE_POINT: 0x900ac,
  SET_SPARSE: 0x900c4,
  GET_COMPRESSION: 0x9003c,
  SET_COMPRESSION: 0x9c040,
  QUERY_ALLOCATED_RANGES: 0x940cf,
  SET_ZERO_DATA: 0x980c8,
} as const;

/** A sparse file has its room in pieces of this many bytes, as NTFS. */
const PIECE = 0x1_0000;

/** What the file system answers to one of FSCTL. Throws STATUS_INVALID_DEVICE_REQUEST for codes that it does not know. */
export function controlFile(kernel: Kernel, file: DiskFile, code: number, input: Uint8Array, outputSize: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  switch (code) {
    case FSCTL.GET_REPARSE_POINT:
      return readReparsePoint(file);
    case FSCTL.SET_REPARSE_POINT:
      file.require(RIGHT.WRITE_DATA | RIGHT.WRITE_ATTRIBUTES);
      setReparsePoint(file, input);
      return new Uint8Array(0);
    case FSCTL.SET_SPARSE:
      file.require(RIGHT.WRITE_DATA | RIGHT.WRITE_ATTRIBUTES);
      if (file.kind !== "file") throw new NtError(STATUS.INVALID_PARAMETER);
      fileAttributes(kernel).setSparse(file.stat(), input.length === 0 || input[0] !== 0);
      return new Uint8Array(0);
    case FSCTL.SET_ZERO_DATA:
      setZeros(file, offsets(view));
      return new Uint8Array(0);
    case FSCTL.QUERY_ALLOCATED_RANGES:
      return allocatedRanges(kernel, file, offsets(view), outputSize);
    case FSCTL.GET_COMPRESSION:
      return new ByteWriter().u16(0).finish();
    case FSCTL.SET_COMPRESSION:
      if (input.length < 2) throw new NtError(STATUS.INVALID_PARAMETER);
      if (view.getUint16(0, true) !== 0) throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
      return new Uint8Array(0);
    default:
      throw new NtError(STATUS.INVALID_DEVICE_REQUEST);
  }
}

interface Span {
  readonly first: number;
  readonly second: number;
}

/** Two 64-bit numbers: a start with an end, or with a length. */
function offsets(view: DataView): Span {
  if (view.byteLength < 16) throw new NtError(STATUS.INVALID_PARAMETER);
  const [first, second] = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (first < 0n || second < 0n || first > limit || second > limit) throw new NtError(STATUS.INVALID_PARAMETER);
  return { first: Number(first), second: Number(second) };
}

function setZeros(file: DiskFile, { first: start, second: end }: Span): void {
  if (end < start) throw new NtError(STATUS.INVALID_PARAMETER);
  file.require(RIGHT.WRITE_DATA);
  const { position } = file;
  const last = Math.min(end, file.size());
  const zeros = new Uint8Array(Math.min(PIECE, Math.max(0, last - start)));
  for (let at = start; at < last; at += PIECE) file.write(zeros.subarray(0, last - at), at);
  file.position = position;
}

/** The pieces with something in them; all of it when the file is not sparse. */
function allocatedRanges(kernel: Kernel, file: DiskFile, { first: start, second: length }: Span, outputSize: number): Uint8Array {
  file.require(RIGHT.READ_DATA);
  const end = Math.min(start + length, file.size());
  const to = new ByteWriter();
  const add = (from: number, until: number): void => {
    if (to.length + 16 > outputSize) throw new NtError(STATUS.BUFFER_TOO_SMALL);
    to.u64(from).u64(until - from);
  };
  if (!fileAttributes(kernel).isSparse(file.stat())) {
    if (start < end) add(start, end);
    return to.finish();
  }
  const piece = new Uint8Array(PIECE);
  const { position } = file;
  let from = -1;
  for (let at = start - (start % PIECE); at < end; at += PIECE) {
    const isUsed = piece.subarray(0, file.read(piece, at)).some((byte) => byte !== 0);
    if (isUsed && from < 0) from = Math.max(at, start);
    if (!isUsed && from >= 0) {
      add(from, at);
      from = -1;
    }
  }
  if (from >= 0) add(from, end);
  file.position = position;
  return to.finish();
}
