import { InvalidParameterError, ERRNO } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { WEOF } from "./file-layout.ts";
import { standard } from "./streams.ts";
import { getWide, putWideText, ungetWide } from "./wide-characters.ts";
import { wideStreamApi } from "./wide-stream.api.ts";

const LF = 0x0a;

export const wideStreams = implement(wideStreamApi, {
  fgetwc: getWide,
  getwc: getWide,
  getwchar: (thread) => getWide(thread, standard(thread, 0)),
  _fgetwchar: (thread) => getWide(thread, standard(thread, 0)),
  fputwc: putCharacter,
  putwc: putCharacter,
  putwchar: (thread, c) => putCharacter(thread, c, standard(thread, 1)),
  _fputwchar: (thread, c) => putCharacter(thread, c, standard(thread, 1)),
  ungetwc: ungetWide,
  fgetws: (thread, string, numChars, stream) => getLine(thread, string, numChars, stream, true),
  _getws: (thread, buffer) => getLine(thread, buffer, Infinity, standard(thread, 0), false),
  *fputws(thread, string, stream) {
    if (string === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    yield* putWideText(thread, string, stream);
    return 0;
  },
  *_putws(thread, string) {
    yield* putWideText(thread, `${string ?? "(null)"}\n`, standard(thread, 1));
    return 0;
  },
});

function* putCharacter(thread: Thread, c: number, stream: number): GuestGenerator<number> {
  yield* putWideText(thread, String.fromCharCode(c), stream);
  return c;
}

function* getLine(thread: Thread, buffer: number, numChars: number, stream: number, keepsEnd: boolean): GuestGenerator<number> {
  if (numChars <= 0) return 0;
  let count = 0;
  let unit = 0;
  while (count < numChars - 1) {
    unit = yield* getWide(thread, stream);
    if (unit === WEOF || (unit === LF && !keepsEnd)) break;
    thread.memory.setU16(buffer + 2 * count++, unit);
    if (unit === LF) break;
  }
  if (count === 0 && unit === WEOF) return 0;
  thread.memory.setU16(buffer + 2 * count, 0);
  return buffer;
}
