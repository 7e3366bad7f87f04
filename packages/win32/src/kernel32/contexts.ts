import { ERROR, Win32Error } from "@decant/hook";
import { CONTEXT, CONTEXT32, implement, type Thread } from "@decant/process";
import { contextsApi } from "./contexts.api.ts";

/** Bytes [start, end) of a record. */
type Part = readonly [start: number, end: number];

/** How a CONTEXT record of one processor is made up (winnt.h). */
interface RecordForm {
  readonly flagsAt: number;
  readonly size: number;
  readonly alignment: number;
  /** The flag that names the processor, and below it those of parts. */
  readonly processor: number;
  readonly parts: ReadonlyMap<number, readonly Part[]>;
  /** What the processor stores without XSAVE's header, as CONTEXT_EX describes it. */
  readonly legacySize: number;
  /** The part that holds the features XSTATE_LEGACY_FLOATING_POINT and XSTATE_LEGACY_SSE, and where these are. */
  readonly floatFlags: number;
  readonly features: readonly Part[];
}

const X64: RecordForm = {
  flagsAt: CONTEXT.ContextFlags,
  size: CONTEXT.SIZE,
  alignment: 16,
  processor: 0x10_0000,
  parts: new Map<number, readonly Part[]>([
    [0x01, [[CONTEXT.SegCs, 0x3a], [CONTEXT.SegSs, 0x48], [CONTEXT.Rsp, 0xa0], [CONTEXT.Rip, 0x100]]],
    [0x02, [[CONTEXT.Rax, CONTEXT.Rsp], [0xa0, CONTEXT.Rip]]],
    [0x04, [[0x3a, CONTEXT.SegSs]]],
    [0x08, [[CONTEXT.FltSave, 0x300]]],
    [0x10, [[0x48, CONTEXT.Rax]]],
  ]),
  legacySize: CONTEXT.SIZE,
  floatFlags: 0x08,
  features: [[CONTEXT.FltSave, CONTEXT.Xmm0], [CONTEXT.Xmm0, CONTEXT.Xmm0 + 0x100]],
}; // prettier-ignore

const X86: RecordForm = {
  flagsAt: CONTEXT32.ContextFlags,
  size: CONTEXT32.SIZE,
  alignment: 4,
  processor: 0x1_0000,
  parts: new Map<number, readonly Part[]>([
    [0x01, [[CONTEXT32.Ebp, CONTEXT32.ExtendedRegisters]]],
    [0x02, [[0x9c, CONTEXT32.Ebp]]],
    [0x04, [[CONTEXT32.SegGs, 0x9c]]],
    [0x08, [[CONTEXT32.FloatSave, CONTEXT32.SegGs]]],
    [0x10, [[0x04, CONTEXT32.FloatSave]]],
    [0x20, [[CONTEXT32.ExtendedRegisters, CONTEXT32.SIZE]]],
  ]),
  legacySize: CONTEXT32.ExtendedRegisters,
  floatFlags: 0x20,
  features: [[CONTEXT32.ExtendedRegisters, 0x16c], [0x16c, 0x1ec]],
}; // prettier-ignore

/** CONTEXT_XSTATE. */
const WITH_XSTATE = 0x40;
/** CONTEXT_EXCEPTION_ACTIVE to CONTEXT_EXCEPTION_REPORTING, and CONTEXT_UNWOUND_TO_CALL. */
const STATE_FLAGS = 0xf800_0000;
/** CONTEXT_EX, which lies behind the record: offsets from itself and lengths of all, of what is saved without XSAVE, and of what is saved by it. */
const CONTEXT_EX_SIZE = 0x18;
const NO_XSAVE_OFFSET = 25;
/** XSTATE_MASK_LEGACY: the x87's registers and the XMM ones. The processor has no others that XSAVE would save. */
const LEGACY_FEATURES = 3n;

/** Records in buffers. The processor has no AVX: none has more than what FXSAVE saves. */
export const contexts = implement(contextsApi, {
  InitializeContext(thread, Buffer, ContextFlags, Context, ContextLength) {
    const form = formOf(thread);
    if ((ContextFlags & WITH_XSTATE) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
    requireFlags(form, ContextFlags);
    const length = form.size + CONTEXT_EX_SIZE + form.alignment - 1;
    const room = ContextLength.get();
    ContextLength.set(length);
    if (Buffer === 0 || room < length) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    const { memory } = thread;
    const at = Math.ceil(Buffer / form.alignment) * form.alignment;
    memory.setU32(at + form.flagsAt, ContextFlags);
    const { size, legacySize } = form;
    const extended = [-size, size + CONTEXT_EX_SIZE, -size, legacySize, NO_XSAVE_OFFSET, 0];
    for (const [i, value] of extended.entries()) memory.setU32(at + size + 4 * i, value);
    Context.set(at);
    return true;
  },

  CopyContext(thread, Destination, ContextFlags, Source) {
    const { memory } = thread;
    const form = formOf(thread);
    if ((ContextFlags & WITH_XSTATE) !== 0) throw new Win32Error(ERROR.NOT_SUPPORTED);
    for (const flags of [ContextFlags, memory.u32(Destination + form.flagsAt), memory.u32(Source + form.flagsAt)])
      requireFlags(form, flags);
    const copied = ContextFlags & memory.u32(Source + form.flagsAt);
    memory.setU32(Destination + form.flagsAt, memory.u32(Destination + form.flagsAt) | ContextFlags);
    for (const [flag, parts] of form.parts) {
      if ((copied & flag) === 0) continue;
      for (const [start, end] of parts) memory.write(Destination + start, memory.read(Source + start, end - start));
    }
    return true;
  },

  GetEnabledXStateFeatures: () => LEGACY_FEATURES,
  LocateXStateFeature(thread, Context, FeatureId, Length) {
    const form = formOf(thread);
    const feature = form.features[FeatureId];
    if (feature === undefined || !isOf(form, thread.memory.u32(Context + form.flagsAt))) return 0;
    const [start, end] = feature;
    Length.set(end - start);
    return Context + start;
  },
  GetXStateFeaturesMask(thread, Context, FeatureMask) {
    const form = formOf(thread);
    const flags = thread.memory.u32(Context + form.flagsAt);
    if (!isOf(form, flags)) return false;
    FeatureMask.set((flags & form.floatFlags) === 0 ? 0n : LEGACY_FEATURES);
    return true;
  },
  SetXStateFeaturesMask(thread, Context, FeatureMask) {
    const { memory } = thread;
    const form = formOf(thread);
    const flags = memory.u32(Context + form.flagsAt);
    if (!isOf(form, flags) || (FeatureMask & ~LEGACY_FEATURES) !== 0n) return false;
    if (FeatureMask !== 0n) memory.setU32(Context + form.flagsAt, flags | form.floatFlags);
    return true;
  },
});

function formOf({ pointerSize }: Thread): RecordForm {
  return pointerSize === 8 ? X64 : X86;
}

function isOf({ processor }: RecordForm, flags: number): boolean {
  return (flags & processor) !== 0;
}

function requireFlags(form: RecordForm, flags: number): void {
  const known = [...form.parts.keys()].reduce((all, flag) => all | flag, form.processor | STATE_FLAGS);
  if (!isOf(form, flags) || (flags & ~known) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
}
