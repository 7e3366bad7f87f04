import { ERROR, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { IoObject } from "../files/io-object.ts";
import { makePipe, PipeReader } from "../files/pipe.ts";
import { InputStream } from "../files/standard-streams.ts";
import { pipeApi } from "./pipe.api.ts";

/** Anonymous pipes; named ones are declared only. */
export const pipe = implement(pipeApi, {
  CreatePipe({ process, memory, pointerSize }, hReadPipe, hWritePipe, lpPipeAttributes, nSize) {
    const inheritable = lpPipeAttributes !== 0 && memory.u32(lpPipeAttributes + 2 * pointerSize) !== 0;
    const { reader, writer } = makePipe(nSize);
    hReadPipe.set(process.handles.add(reader, inheritable));
    hWritePipe.set(process.handles.add(writer, inheritable));
    return true;
  },

  PeekNamedPipe({ process }, hNamedPipe, lpBuffer, nBufferSize, lpBytesRead, lpTotalBytesAvail, lpBytesLeftThisMessage) {
    const object = process.handles.get(hNamedPipe, IoObject);
    lpBytesLeftThisMessage.set(0);
    if (object instanceof PipeReader) {
      const { bytes, available } = object.peek(nBufferSize);
      if (!lpBuffer.isNull) lpBuffer.write(bytes);
      lpBytesRead.set(lpBuffer.isNull ? 0 : bytes.length);
      lpTotalBytesAvail.set(available);
      return true;
    }
    // Of the host's standard input only the count is known before it is read.
    if (!(object instanceof InputStream) || object.input.kind !== "pipe") throw new Win32Error(ERROR.INVALID_FUNCTION);
    lpBytesRead.set(0);
    lpTotalBytesAvail.set(object.input.available);
    return true;
  },
});
