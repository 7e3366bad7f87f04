import { NtError, STATUS } from "@decant/hook";
import { PAGE_SIZE } from "@decant/memory";
import { implement, ProcessObject, type Process, type Thread } from "@decant/process";
import { ByteWriter } from "../files/byte-writer.ts";
import { fileTimeFromMs } from "../files/file-time.ts";
import { describeObject } from "./query-object.ts";
import { ntQueryApi } from "./query.api.ts";

const SYSTEM = { BASIC: 0, TIME_OF_DAY: 3 } as const;
const PROCESS = {
  BASIC: 0,
  DEBUG_PORT: 7,
  HANDLE_COUNT: 20,
  WOW64: 26,
  DEBUG_OBJECT: 30,
  DEBUG_FLAGS: 31,
  IMAGE_FILE_NAME: 43,
  COMMAND_LINE: 60,
} as const;
/** What a clock interrupt is worth, in units of 100 ns. */
const TIMER_RESOLUTION = 156_250;
const GRANULARITY = 0x1_0000;
const NORMAL_PRIORITY = 8;
const PORT_NOT_SET = 0xc000_0353;
const UNITS_PER_MINUTE = 600_000_000;

export const ntQuery = implement(ntQueryApi, {
  NtQuerySystemInformation(thread, infoClass, target, length, returned) {
    return give(thread, describeSystem(thread, infoClass), target, length, returned);
  },
  NtQueryObject(thread, handle, infoClass, target, length, returned) {
    const { bytes, whenShort } = describeObject(thread, handle, infoClass, target, length);
    returned.set(bytes.length);
    if (length < bytes.length) return whenShort;
    thread.memory.write(target, bytes);
    return STATUS.SUCCESS;
  },
  NtQueryInformationProcess(thread, handle, infoClass, target, length, returned) {
    const { process } = thread.process.handles.get(handle, ProcessObject);
    return give(thread, describeProcess(thread, process, infoClass, target), target, length, returned);
  },
});

/** Stores a structure whose size the buffer must have. */
function give({ memory }: Thread, bytes: Uint8Array, target: number, length: number, returned: { set(value: number): void }): number {
  returned.set(bytes.length);
  if (length < bytes.length) throw new NtError(STATUS.INFO_LENGTH_MISMATCH);
  memory.write(target, bytes);
  return STATUS.SUCCESS;
}

function describeSystem(thread: Thread, infoClass: number): Uint8Array {
  const { clock, cpuCount } = thread.kernel.host;
  const { userEnd } = thread.memory;
  const to = new ByteWriter();
  switch (infoClass) {
    case SYSTEM.BASIC: {
      const pages = Math.floor(userEnd / PAGE_SIZE);
      for (const value of [0, TIMER_RESOLUTION, PAGE_SIZE, pages, 1, pages, GRANULARITY]) to.u32(value);
      to.align(thread.pointerSize);
      for (const value of [GRANULARITY, userEnd - 1, 2 ** Math.min(cpuCount, 31) - 1]) word(thread, to, value);
      return to.u8(cpuCount).align(thread.pointerSize).finish();
    }
    case SYSTEM.TIME_OF_DAY: {
      const now = clock.now();
      const bias = -clock.offsetMinutes(now) * UNITS_PER_MINUTE;
      to.u64(fileTimeFromMs(now - clock.monotonic()))
        .u64(fileTimeFromMs(now))
        .u64(bias)
        .u32(0)
        .u32(0)
        .u64(0)
        .u64(0);
      return to.finish();
    }
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

function describeProcess(thread: Thread, process: Process, infoClass: number, target: number): Uint8Array {
  const to = new ByteWriter();
  switch (infoClass) {
    case PROCESS.BASIC: {
      to.u32(process.object.exitCode).align(thread.pointerSize);
      for (const value of [process.peb, 2 ** Math.min(thread.kernel.host.cpuCount, 31) - 1]) word(thread, to, value);
      to.u32(NORMAL_PRIORITY).align(thread.pointerSize);
      for (const value of [process.id, process.parentId]) word(thread, to, value);
      return to.finish();
    }
    case PROCESS.DEBUG_PORT:
    case PROCESS.WOW64:
      return word(thread, to, 0).finish();
    case PROCESS.DEBUG_OBJECT:
      throw new NtError(PORT_NOT_SET);
    case PROCESS.DEBUG_FLAGS:
      return to.u32(1).finish();
    case PROCESS.HANDLE_COUNT:
      return to.u32(process.handles.count).finish();
    case PROCESS.IMAGE_FILE_NAME:
      return unicodeString(thread, to, process.path, target);
    case PROCESS.COMMAND_LINE:
      return unicodeString(thread, to, process.commandLine, target);
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

/** A UNICODE_STRING whose text follows it. */
function unicodeString(thread: Thread, to: ByteWriter, text: string, target: number): Uint8Array {
  const size = 2 * text.length;
  to.u16(size).u16(size + 2).align(thread.pointerSize); // prettier-ignore
  return word(thread, to, target + 2 * thread.pointerSize)
    .text(text)
    .u16(0)
    .finish();
}

function word({ pointerSize }: Thread, to: ByteWriter, value: number): ByteWriter {
  return pointerSize === 8 ? to.u64(value) : to.u32(value);
}
