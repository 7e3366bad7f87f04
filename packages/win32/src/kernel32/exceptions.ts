import { STATUS } from "@decant/hook";
import {
  CONTEXT,
  CONTEXT32,
  consolidate,
  cSpecificHandler,
  EXCEPTION,
  failFast,
  findFunction,
  functionEntryAt,
  guestCall,
  implement,
  jump,
  raise,
  recordLayout,
  unwindRegistrations,
  readContext,
  STACK_RESERVE,
  STATUS_UNWIND_CONSOLIDATE,
  readUnwindState,
  unwind,
  virtualUnwind,
  writeContext,
  writeUnwindState,
  type GuestException,
  type GuestGenerator,
  type HandlerList,
  type Process,
  type Thread,
} from "@decant/process";
import { readJumpBuffer, STATUS_LONGJUMP } from "../crt/jump.ts";
import { exceptionsApi, unwindApi } from "./exceptions.api.ts";

const MAX_PARAMETERS = 15;
const RAISED = "it raised an exception that nobody handled";
/** Offsets in EXCEPTION_RECORD (winnt.h). */
const RECORD = { ExceptionCode: 0, ExceptionFlags: 4 } as const;
/** rsp's place among a CONTEXT's general registers. */
const GPR_RSP = 4;
/** Bytes of an x64 CONTEXT record. */
const CONTEXT_BYTES = 0x4d0;
/** What EncodePointer mixes in: it only has to be undone by DecodePointer of the same process. */
export const POINTER_COOKIE = 0x5a3c_96e1;

export const exceptions = implement(exceptionsApi, {
  SetUnhandledExceptionFilter({ process }, filter) {
    const before = process.handlers.unhandledFilter;
    process.handlers.unhandledFilter = filter;
    return before;
  },
  // Nobody debugs the guest: the default is to end it, which EXCEPTION_EXECUTE_HANDLER asks for.
  *UnhandledExceptionFilter(thread, pointers) {
    const { unhandledFilter } = thread.process.handlers;
    return unhandledFilter === 0 ? EXCEPTION.EXECUTE_HANDLER : (yield* guestCall(thread, unhandledFilter, pointers)) | 0;
  },
  AddVectoredExceptionHandler({ process }, first, handler) {
    // It may look at any function's registers.
    process.machine.guard("exact");
    return addHandler(process, process.handlers.vectored, first, handler);
  },
  RemoveVectoredExceptionHandler: ({ process }, handle) => removeHandler(process, process.handlers.vectored, handle),
  AddVectoredContinueHandler: ({ process }, first, handler) => addHandler(process, process.handlers.continuing, first, handler),
  RemoveVectoredContinueHandler: ({ process }, handle) => removeHandler(process, process.handlers.continuing, handle),
  *RaiseException(thread, code, flags, count, argumentsAt) {
    const parameters: bigint[] = [];
    if (argumentsAt !== 0)
      for (let i = 0; i < Math.min(count, MAX_PARAMETERS); i++) parameters.push(thread.memory.word(argumentsAt + thread.pointerSize * i));
    const address = thread.memory.u32(thread.rsp);
    yield* raise(thread, { code, flags: flags & 1, address, parameters, description: RAISED }, 16);
  },
  // The context is the debugger's: nobody goes on from here.
  RaiseFailFastException(thread, record) {
    const exception = record === 0 ? undefined : readRecord(thread, record);
    const address = exception?.address ?? thread.memory.u32(thread.rsp);
    const code = exception?.code ?? STATUS.FAIL_FAST_EXCEPTION;
    failFast(thread, {
      flags: 1,
      parameters: [],
      ...exception,
      code,
      address,
      description: "it asked to be ended (RaiseFailFastException)",
    });
  },
  // What the handlers of a stack overflow may use is enough for most, and fixed.
  SetThreadStackGuarantee(_, size) {
    size.set(STACK_RESERVE);
    return true;
  },
  EncodePointer: (_, pointer) => (pointer ^ POINTER_COOKIE) >>> 0,
  DecodePointer: (_, pointer) => (pointer ^ POINTER_COOKIE) >>> 0,
});

export const unwinding = implement(unwindApi, {
  RtlCaptureContext(thread, contextRecord) {
    writeContext(thread.memory, contextRecord, thread.live);
    // The registers are the caller's, after the call.
    const { memory, rsp } = thread;
    if (thread.pointerSize === 4) {
      memory.setU32(contextRecord + CONTEXT32.Esp, rsp + 8);
      return memory.setU32(contextRecord + CONTEXT32.Eip, memory.u32(rsp));
    }
    memory.setU64(contextRecord + CONTEXT.Rax + 8 * GPR_RSP, BigInt(rsp + 8));
    memory.setPointer(contextRecord + CONTEXT.Rip, memory.u32(rsp));
  },
  // Two codes of records ask for more: registers come from a jump buffer, or a function says where to go on.
  *RtlRestoreContext(thread, contextRecord, record) {
    const { memory } = thread;
    const code = thread.pointerSize === 8 && record !== 0 ? memory.u32(record + RECORD.ExceptionCode) : 0;
    const hasParameter = code !== 0 && memory.u32(record + recordLayout(memory).NumberParameters) > 0;
    if (hasParameter && code === STATUS_UNWIND_CONSOLIDATE) return yield* consolidate(thread, contextRecord, record);
    readContext(memory, contextRecord, thread.live);
    if (hasParameter && code === STATUS_LONGJUMP) readJumpBuffer(thread, memory.u32(record + recordLayout(memory).ExceptionInformation));
    yield* jump(thread);
  },
  *RtlLookupFunctionEntry(thread, controlPc, imageBase) {
    const found = yield* findFunction(thread, Number(controlPc & 0xffff_ffffn));
    if (found === undefined) return 0;
    imageBase.set(BigInt(found.base) + (BigInt(thread.memory.highHalf(found.base)) << 32n));
    return found.address;
  },
  RtlVirtualUnwind({ memory }, handlerType, imageBase, controlPc, functionEntry, contextRecord, handlerData, establisherFrame) {
    const state = readUnwindState(memory, contextRecord);
    state.rip = Number(controlPc & 0xffff_ffffn);
    const base = Number(imageBase & 0xffff_ffffn);
    const unwound = virtualUnwind(memory, state, functionEntry === 0 ? undefined : functionEntryAt(memory, base, functionEntry));
    writeUnwindState(memory, contextRecord, state);
    establisherFrame.set(BigInt(unwound.establisher));
    const { handler } = unwound;
    if (handler === undefined || (handler.flags & handlerType) === 0) return 0;
    handlerData.set(handler.data);
    return handler.address;
  },
  *RtlUnwindEx(thread, frame, rip, record, value, context) {
    yield* unwind(thread, context, { frame, rip, value, record });
  },
  *RtlUnwind(thread, frame, rip, record, value) {
    if (thread.pointerSize === 4) return yield* unwindRegistrations(thread, frame, record, Number(value));
    yield* unwindWithoutContext(thread, { frame, rip, value, record });
  },
  RtlPcToFileHeader({ process }, pc, baseOfImage) {
    const base = process.modules.at(pc)?.base ?? 0;
    baseOfImage.set(base);
    return base;
  },
  RtlAddFunctionTable({ process }, address, count, base) {
    process.handlers.dynamicTables.push({ address, count, base: Number(base & 0xffff_ffffn) });
    return true;
  },
  RtlInstallFunctionTableCallback({ process }, tableIdentifier, baseAddress, length, callback, context) {
    // The two low bits tell an identifier from a table's address.
    if ((tableIdentifier & 3n) !== 3n) return false;
    const [identifier, base] = [Number(tableIdentifier & 0xffff_ffffn), Number(baseAddress & 0xffff_ffffn)];
    process.handlers.tableCallbacks.push({ identifier, base, length, callback, context });
    return true;
  },
  RtlDeleteFunctionTable({ process }, functionTable) {
    const { dynamicTables, tableCallbacks } = process.handlers;
    const table = dynamicTables.findIndex(({ address }) => address === functionTable);
    if (table >= 0) dynamicTables.splice(table, 1);
    const callback = tableCallbacks.findIndex(({ identifier }) => identifier === functionTable);
    if (callback >= 0) tableCallbacks.splice(callback, 1);
    return table >= 0 || callback >= 0;
  },
  *RtlRaiseException(thread, record) {
    yield* raise(thread, { ...readRecord(thread, record), address: thread.memory.u32(thread.rsp) }, 4);
  },
  *__C_specific_handler(thread, record, frame, context, dispatcher) {
    return yield* cSpecificHandler(thread, { record, frame, context, dispatcher });
  },
});

/** An EXCEPTION_RECORD of the guest's. */
function readRecord({ memory }: Thread, record: number): GuestException {
  const layout = recordLayout(memory);
  const count = Math.min(memory.u32(record + layout.NumberParameters), MAX_PARAMETERS);
  return {
    code: memory.u32(record + RECORD.ExceptionCode),
    flags: memory.u32(record + RECORD.ExceptionFlags),
    address: memory.pointer(record + layout.ExceptionAddress),
    parameters: Array.from({ length: count }, (_, n) => memory.word(record + layout.ExceptionInformation + memory.pointerSize * n)),
    record: memory.u32(record + layout.ExceptionRecord),
    description: RAISED,
  };
}

function* unwindWithoutContext(
  thread: Thread,
  target: { frame: number; rip: number; value: bigint; record: number },
): GuestGenerator<void> {
  const context = thread.process.heap.allocate(CONTEXT_BYTES);
  try {
    yield* unwind(thread, context, target);
  } finally {
    thread.process.heap.free(context);
  }
}

/** The handle is memory of the handler's own, as there. */
function addHandler({ heap }: Process, list: HandlerList, first: number, handler: number): number {
  const handle = heap.require(16);
  list.add(first === 0 ? "last" : "first", handle, handler);
  return handle;
}

function removeHandler({ heap }: Process, list: HandlerList, handle: number): number {
  if (!list.remove(handle)) return 0;
  heap.free(handle);
  return 1;
}
