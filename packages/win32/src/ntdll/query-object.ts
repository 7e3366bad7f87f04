import { NtError, STATUS, type Handle } from "@decant/hook";
import { Event, Mutex, ProcessObject, Semaphore, ThreadObject, WaitableTimer, type KernelObject, type Thread } from "@decant/process";
import { ByteWriter } from "../files/byte-writer.ts";
import { DiskFile } from "../files/disk-file.ts";
import { IoObject } from "../files/io-object.ts";
import { Section } from "../files/section.ts";
import { kernelPath } from "../files/volume-names.ts";
import { OpenKey } from "../hives/open-keys.ts";
import { CompletionPort } from "../kernel32/completion-port.ts";
import { JobObject } from "../kernel32/job-object.ts";
import { Token } from "../security/token.ts";

/** OBJECT_INFORMATION_CLASS (winternl.h); the last is what GetHandleInformation tells. */
const OBJECT = { BASIC: 0, NAME: 1, TYPE: 2, HANDLE_FLAG: 4 } as const;
/** What the kernel calls kinds of objects, and all rights to them. */
const TYPES: readonly (readonly [kind: abstract new (...args: never) => KernelObject, name: string, rights: number])[] = [
  [IoObject, "File", 0x1f_01ff],
  [Event, "Event", 0x1f_0003],
  [Mutex, "Mutant", 0x1f_0001],
  [Semaphore, "Semaphore", 0x1f_0003],
  [WaitableTimer, "Timer", 0x1f_0003],
  [ProcessObject, "Process", 0x1f_ffff],
  [ThreadObject, "Thread", 0x1f_ffff],
  [Section, "Section", 0xf_001f],
  [JobObject, "Job", 0x1f_003f],
  [CompletionPort, "IoCompletion", 0x1f_0003],
  [Token, "Token", 0xf_01ff],
  [OpenKey, "Key", 0xf_003f],
];
const BASIC_SIZE = 56;
/** The numbers behind a type's name, which only the kernel knows. */
const TYPE_NUMBERS = 88;
const NAMESPACE = "\\Sessions\\1\\BaseNamedObjects\\";

/** What a class tells of a handle, and how that is answered where the buffer is smaller. */
interface Answer {
  readonly bytes: Uint8Array;
  readonly whenShort: number;
}

/** What NtQueryObject stores at `target` in a buffer of so many bytes. Throws NtError for a handle or a class that is none. */
export function describeObject(thread: Thread, handle: Handle, infoClass: number, target: number, length: number): Answer {
  const { handles } = thread.process;
  const object = handles.find(handle);
  if (object === undefined) throw new NtError(STATUS.INVALID_HANDLE);
  const to = new ByteWriter();
  const whenShort = STATUS.INFO_LENGTH_MISMATCH;
  switch (infoClass) {
    case OBJECT.BASIC: {
      const rights = object instanceof DiskFile ? object.rights : typeOf(object).rights;
      to.u32(0).u32(rights).u32(object.references).u32(object.references);
      return { bytes: to.bytes(new Uint8Array(BASIC_SIZE - to.length)).finish(), whenShort };
    }
    case OBJECT.NAME: {
      const bytes = withText(thread, nameOf(object), target, 0);
      return { bytes, whenShort: length < 2 * thread.pointerSize ? whenShort : STATUS.BUFFER_OVERFLOW };
    }
    case OBJECT.TYPE:
      return { bytes: withText(thread, typeOf(object).name, target, TYPE_NUMBERS), whenShort };
    case OBJECT.HANDLE_FLAG: {
      // A process's and a thread's own handle are no entries of the table.
      const { inheritable, isProtected } = handle < 0 ? { inheritable: false, isProtected: false } : handles.flags(handle);
      return { bytes: to.u8(Number(inheritable)).u8(Number(isProtected)).finish(), whenShort };
    }
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

function typeOf(object: KernelObject): { readonly name: string; readonly rights: number } {
  const [, name, rights] = TYPES.find(([kind]) => object instanceof kind) ?? [undefined, "Type", 0xf_0001];
  return { name, rights };
}

function nameOf(object: KernelObject): string {
  if (object instanceof DiskFile) return kernelPath(object.full);
  return object.name === undefined || object instanceof IoObject ? "" : `${NAMESPACE}${object.name}`;
}

/** A UNICODE_STRING, so many bytes of numbers that are 0, and the text. Without a text there is none of it but the string. */
function withText({ pointerSize }: Thread, text: string, target: number, numbers: number): Uint8Array {
  const head = 2 * pointerSize + numbers;
  const to = new ByteWriter();
  const isThere = text !== "";
  to.u16(2 * text.length).u16(isThere ? 2 * text.length + 2 : 0).align(pointerSize); // prettier-ignore
  const place = isThere ? target + head : 0;
  to.u32(place).align(pointerSize).bytes(new Uint8Array(numbers)); // prettier-ignore
  return isThere ? to.text(text).u16(0).finish() : to.finish();
}
