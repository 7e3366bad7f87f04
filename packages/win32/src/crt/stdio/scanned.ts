import { InvalidParameterError, ERRNO, type VarArgs } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { Runtime } from "../runtime.ts";
import { END, scan, type ScanSource, type ScanTarget } from "../scanf/scan.ts";
import { latin1Bytes } from "./characters.ts";
import { msvcrtScannedApi, ucrtScannedApi } from "./scanned.api.ts";
import { Stream } from "./stream.ts";
import { standard } from "./streams.ts";

interface Options {
  readonly isSecure: boolean;
  readonly isWide: boolean;
  readonly wideFollowsFunction: boolean;
}

const NARROW: Options = { isSecure: false, isWide: false, wideFollowsFunction: true };
const SECURE: Options = { ...NARROW, isSecure: true };
const UNLIMITED = 0x7fff_ffff;

export const msvcrtScanned = implement(msvcrtScannedApi, {
  scanf: (thread, format, args) => scanStream(thread, standard(thread, 0), format, args, NARROW),
  fscanf: (thread, stream, format, args) => scanStream(thread, stream, format, args, NARROW),
  sscanf: (thread, buffer, format, args) => scanText(thread, buffer, format, args, NARROW),
  scanf_s: (thread, format, args) => scanStream(thread, standard(thread, 0), format, args, SECURE),
  fscanf_s: (thread, stream, format, args) => scanStream(thread, stream, format, args, SECURE),
  sscanf_s: (thread, buffer, format, args) => scanText(thread, buffer, format, args, SECURE),
  swscanf: (thread, buffer, format, args) => scanText(thread, buffer, format, args, { ...NARROW, isWide: true }),
  swscanf_s: (thread, buffer, format, args) => scanText(thread, buffer, format, args, { ...SECURE, isWide: true }),
  _snscanf: (thread, buffer, length, format, args) =>
    scanText(thread, thread.memory.cstring(buffer, "latin1", length), format, args, NARROW),
});

export const ucrtScanned = implement(ucrtScannedApi, {
  __stdio_common_vfscanf: (thread, options, stream, format, _locale, args) =>
    scanStream(thread, stream, format, args, optionsOf(options, false)),
  __stdio_common_vsscanf: (thread, options, buffer, count, format, _locale, args) =>
    scanText(thread, thread.memory.cstring(buffer, "latin1", limitOf(count)), format, args, optionsOf(options, false)),
  __stdio_common_vswscanf: (thread, options, buffer, count, format, _locale, args) =>
    scanText(thread, thread.memory.wstring(buffer, limitOf(count)), format, args, optionsOf(options, true)),
});

/** Bits of the options word (corecrt_stdio_config.h): _CRT_INTERNAL_SCANF_SECURECRT 1, _CRT_INTERNAL_SCANF_LEGACY_WIDE_SPECIFIERS 2. */
function optionsOf(options: bigint, isWide: boolean): Options {
  return { isSecure: (options & 1n) !== 0n, isWide, wideFollowsFunction: (options & 2n) !== 0n };
}

function limitOf(count: bigint): number {
  return count > BigInt(UNLIMITED) ? UNLIMITED : Number(count);
}

function scanText(thread: Thread, text: string | undefined, format: string | undefined, args: VarArgs, options: Options): number {
  if (text === undefined || format === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  let at = 0;
  const source: ScanSource = {
    read: () => (at < text.length ? text.charCodeAt(at++) : END),
    unread() {
      at--;
    },
  };
  const step = scan(format, { ...options, source, target: targetOf(thread, args, options.isWide) }).next();
  if (step.done !== true) throw new Error("scanning text never waits");
  return step.value;
}

function* scanStream(thread: Thread, address: number, format: string | undefined, args: VarArgs, options: Options): GuestGenerator<number> {
  if (format === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const stream = new Stream(thread, address);
  let isAtEnd = false;
  const source: ScanSource = {
    read: () => stream.takeByte() ?? (isAtEnd ? END : undefined),
    unread(unit) {
      stream.unget(unit);
    },
  };
  const steps = scan(format, { ...options, source, target: targetOf(thread, args, options.isWide) });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    isAtEnd = !(yield* stream.fill());
  }
}

function targetOf(thread: Thread, args: VarArgs, isWideSource: boolean): ScanTarget {
  const { memory, ansi } = thread;
  return {
    next: () => args.pointer(),
    nextSize: () => args.uint(),
    wordBytes: thread.pointerSize,
    integer(address, bytes, value) {
      if (bytes === 8) memory.setU64(address, BigInt.asUintN(64, value));
      else if (bytes === 4) memory.setU32(address, Number(BigInt.asUintN(32, value)));
      else if (bytes === 2) memory.setU16(address, Number(BigInt.asUintN(16, value)));
      else memory.setU8(address, Number(BigInt.asUintN(8, value)));
    },
    float(address, bytes, value) {
      if (bytes === 8) memory.setF64(address, value);
      else memory.setF32(address, value);
    },
    text(address, units, isWide, terminate) {
      let text = "";
      for (const unit of units) text += String.fromCharCode(unit);
      const { locale } = Runtime.of(thread);
      if (isWide && !isWideSource) text = locale.decode(text, ansi);
      if (!isWide && isWideSource) text = locale.encode(text, ansi) ?? "";
      if (terminate) text += "\0";
      if (isWide) memory.setUtf16(address, text);
      else memory.write(address, latin1Bytes(text));
    },
  };
}
