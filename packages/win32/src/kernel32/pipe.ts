import { ERROR, Win32Error, type Handle, type Out, type Pointer } from "@decant/hook";
import { implement, INFINITE, WAIT, wait, type GuestGenerator, type Thread } from "@decant/process";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { NamedPipes, PIPE_ACCESS, pipeName, PipeClient, PipeServer, type PipeShape } from "../files/named-pipes.ts";
import { startTelling, tellLater, tellNow, waitForIo } from "../files/overlapped.ts";
import { makePipe, PipeEnd } from "../files/pipe.ts";
import { MoreDataError } from "../files/pipe-queue.ts";
import { InputStream } from "../files/standard-streams.ts";
import { pipeOf } from "../files/stream-information.ts";
import { pipeApi } from "./pipe.api.ts";
import { isInheritable } from "./security-attributes.ts";

const FLAG = { OVERLAPPED: 0x4000_0000, FIRST_PIPE_INSTANCE: 0x8_0000 } as const;
const MODE = { NOWAIT: 1, READMODE_MESSAGE: 2, TYPE_MESSAGE: 4, REJECT_REMOTE_CLIENTS: 8 } as const;
const UNLIMITED_INSTANCES = 255;
const DEFAULT_TIMEOUT_MS = 50;
/** WaitNamedPipe's and CallNamedPipe's times. */
const NMPWAIT = { USE_DEFAULT_WAIT: 0, NOWAIT: 1 } as const;
/** GetNamedPipeInfo's flags. */
const INFO = { SERVER_END: 1, TYPE_MESSAGE: 4 } as const;

/** Pipes, anonymous and with names. */
export const pipe = implement(pipeApi, {
  CreatePipe({ process, memory, pointerSize }, hReadPipe, hWritePipe, lpPipeAttributes, nSize) {
    const inheritable = isInheritable({ memory, pointerSize }, lpPipeAttributes);
    const { reader, writer } = makePipe(process.kernel, nSize);
    hReadPipe.set(process.handles.add(reader, inheritable));
    hWritePipe.set(process.handles.add(writer, inheritable));
    return true;
  },

  PeekNamedPipe({ process }, hNamedPipe, lpBuffer, nBufferSize, lpBytesRead, lpTotalBytesAvail, lpBytesLeftThisMessage) {
    const object = process.handles.get(hNamedPipe, IoObject);
    lpBytesLeftThisMessage.set(0);
    if (object instanceof PipeEnd) {
      const { bytes, available, leftInMessage } = object.peek(lpBuffer.isNull ? 0 : nBufferSize);
      if (!lpBuffer.isNull) lpBuffer.write(bytes);
      lpBytesRead.set(bytes.length);
      lpTotalBytesAvail.set(available);
      lpBytesLeftThisMessage.set(leftInMessage);
      return true;
    }
    // Of the host's standard input only the count is known before it is read.
    if (!(object instanceof InputStream) || object.input.kind !== "pipe") throw new Win32Error(ERROR.INVALID_FUNCTION);
    lpBytesRead.set(0);
    lpTotalBytesAvail.set(object.input.available);
    return true;
  },

  CreateNamedPipe(thread, lpName, dwOpenMode, dwPipeMode, nMaxInstances, nOutBufferSize, nInBufferSize, nDefaultTimeOut, attributes) {
    const name = pipeName(lpName ?? "");
    if (name === undefined) throw new Win32Error(ERROR.INVALID_NAME);
    const access = dwOpenMode & PIPE_ACCESS.DUPLEX;
    const isMessages = (dwPipeMode & MODE.TYPE_MESSAGE) !== 0;
    const known = MODE.NOWAIT | MODE.READMODE_MESSAGE | MODE.TYPE_MESSAGE | MODE.REJECT_REMOTE_CLIENTS;
    const readsMessages = (dwPipeMode & MODE.READMODE_MESSAGE) !== 0;
    if (access === 0 || (dwPipeMode & ~known) !== 0 || (readsMessages && !isMessages)) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (nMaxInstances === 0 || nMaxInstances > UNLIMITED_INSTANCES) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const shape: PipeShape = {
      access,
      isMessages,
      maxInstances: nMaxInstances === UNLIMITED_INSTANCES ? Infinity : nMaxInstances,
      outBufferSize: nOutBufferSize,
      inBufferSize: nInBufferSize,
      defaultTimeoutMs: nDefaultTimeOut === 0 ? DEFAULT_TIMEOUT_MS : nDefaultTimeOut,
    };
    const server = NamedPipes.of(thread.kernel).create(name, shape, (dwOpenMode & FLAG.FIRST_PIPE_INSTANCE) !== 0);
    server.isOverlapped = (dwOpenMode & FLAG.OVERLAPPED) !== 0;
    server.readsMessages = readsMessages;
    server.isNonBlocking = (dwPipeMode & MODE.NOWAIT) !== 0;
    server.processId = thread.process.id;
    const handle = thread.process.handles.add(server, isInheritable(thread, attributes));
    thread.lastError = ERROR.SUCCESS;
    return handle;
  },

  ConnectNamedPipe(thread, hNamedPipe, lpOverlapped) {
    const server = thread.process.handles.get(hNamedPipe, PipeServer);
    const pending = server.connect();
    if (lpOverlapped.isNull || !server.isOverlapped) return connected(waitForIo(thread, pending));
    const telling = startTelling(thread, server, lpOverlapped);
    if (pending.outcome === undefined) return tellLater(telling, pending, () => 0);
    tellNow(telling, 0);
    return true;
  },
  DisconnectNamedPipe(thread, hNamedPipe) {
    thread.process.handles.get(hNamedPipe, PipeServer).disconnect();
    return true;
  },

  SetNamedPipeHandleState(thread, hNamedPipe, lpMode) {
    const end = pipeHandle(thread, hNamedPipe);
    if (lpMode === undefined) return true;
    if (end === undefined) {
      if (lpMode !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
      return true;
    }
    const readsMessages = (lpMode & MODE.READMODE_MESSAGE) !== 0;
    if ((lpMode & ~(MODE.NOWAIT | MODE.READMODE_MESSAGE)) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    if (readsMessages && (end.incoming ?? end.outgoing)?.isMessages === false) throw new Win32Error(ERROR.INVALID_PARAMETER);
    end.readsMessages = readsMessages;
    end.isNonBlocking = (lpMode & MODE.NOWAIT) !== 0;
    return true;
  },
  GetNamedPipeHandleState(thread, hNamedPipe, lpState, lpCurInstances) {
    const end = pipeHandle(thread, hNamedPipe);
    lpState.set((end?.isNonBlocking === true ? MODE.NOWAIT : 0) | (end?.readsMessages === true ? MODE.READMODE_MESSAGE : 0));
    lpCurInstances.set((end && pipeOf(end)?.instances.size) ?? 1);
    return true;
  },
  GetNamedPipeInfo(thread, hNamedPipe, lpFlags, lpOutBufferSize, lpInBufferSize, lpMaxInstances) {
    const end = thread.process.handles.get(hNamedPipe, PipeEnd);
    const shape = pipeOf(end)?.shape;
    const isServer = end instanceof PipeServer || (shape === undefined && end.incoming !== undefined);
    lpFlags.set((isServer ? INFO.SERVER_END : 0) | (shape?.isMessages === true ? INFO.TYPE_MESSAGE : 0));
    lpOutBufferSize.set(shape?.outBufferSize ?? end.outgoing?.capacity ?? 0);
    lpInBufferSize.set(shape?.inBufferSize ?? end.incoming?.capacity ?? 0);
    const maxInstances = shape?.maxInstances ?? 1;
    lpMaxInstances.set(maxInstances === Infinity ? UNLIMITED_INSTANCES : maxInstances);
    return true;
  },
  GetNamedPipeClientProcessId(thread, Pipe, ClientProcessId) {
    const end = thread.process.handles.get(Pipe, PipeEnd);
    const id = end instanceof PipeServer ? end.clientProcessId : thread.process.id;
    if (id === undefined) throw new Win32Error(ERROR.NOT_FOUND);
    ClientProcessId.set(id);
    return true;
  },
  GetNamedPipeServerProcessId(thread, Pipe, ServerProcessId) {
    const end = thread.process.handles.get(Pipe, PipeEnd);
    ServerProcessId.set(end instanceof PipeServer ? end.processId : end instanceof PipeClient ? end.server.processId : thread.process.id);
    return true;
  },

  *WaitNamedPipe(thread, lpNamedPipeName, nTimeOut) {
    yield* waitForInstance(thread, requireName(lpNamedPipeName), nTimeOut);
    return true;
  },
  *TransactNamedPipe(thread, hNamedPipe, lpInBuffer, nInBufferSize, lpOutBuffer, nOutBufferSize, lpBytesRead, lpOverlapped) {
    const end = thread.process.handles.get(hNamedPipe, PipeEnd);
    if (end.incoming?.isMessages !== true || !end.readsMessages) throw new Win32Error(ERROR.BAD_PIPE);
    lpBytesRead.set(0);
    yield* transact(thread, end, lpInBuffer.read(nInBufferSize), { lpOutBuffer, nOutBufferSize, lpBytesRead });
    if (!lpOverlapped.isNull) tellNow(startTelling(thread, end, lpOverlapped), lpBytesRead.get());
    return true;
  },
  *CallNamedPipe(thread, lpNamedPipeName, lpInBuffer, nInBufferSize, lpOutBuffer, nOutBufferSize, lpBytesRead, nTimeOut) {
    const name = requireName(lpNamedPipeName);
    const pipes = NamedPipes.of(thread.kernel);
    lpBytesRead.set(0);
    if (pipes.find(name).listening === undefined) yield* waitForInstance(thread, name, nTimeOut);
    const end = pipes.open(name, true, true);
    end.retain();
    try {
      if (end.incoming?.isMessages !== true) throw new Win32Error(ERROR.INVALID_PARAMETER);
      end.readsMessages = true;
      yield* transact(thread, end, lpInBuffer.read(nInBufferSize), { lpOutBuffer, nOutBufferSize, lpBytesRead });
      return true;
    } finally {
      end.release();
    }
  },
});

function* connected(waiting: GuestGenerator<number>): GuestGenerator<boolean> {
  yield* waiting;
  return true;
}

/** Writes a message and reads the answer. */
function* transact(
  thread: Thread,
  end: PipeEnd,
  request: Uint8Array,
  { lpOutBuffer, nOutBufferSize, lpBytesRead }: { lpOutBuffer: Pointer; nOutBufferSize: number; lpBytesRead: Out<number> },
): GuestGenerator<void> {
  const written = end.write(request);
  if (typeof written !== "number") yield* waitForIo(thread, written);
  const keep = (bytes: Uint8Array): void => {
    lpOutBuffer.write(bytes);
    lpBytesRead.set(bytes.length);
  };
  try {
    const into = new Uint8Array(nOutBufferSize);
    const read = end.read(into);
    keep(typeof read === "number" ? into.subarray(0, read) : yield* waitForIo(thread, read));
  } catch (error) {
    if (error instanceof MoreDataError) keep(error.bytes);
    throw error;
  }
}

function* waitForInstance(thread: Thread, name: string, timeout: number): GuestGenerator<void> {
  const found = NamedPipes.of(thread.kernel).find(name);
  const timeoutMs = timeout === NMPWAIT.USE_DEFAULT_WAIT ? found.shape.defaultTimeoutMs : timeout === NMPWAIT.NOWAIT ? 0 : timeout;
  const ended = yield* wait(thread, [found], timeoutMs === INFINITE ? {} : { timeoutMs });
  if (ended === WAIT.TIMEOUT) throw new Win32Error(ERROR.SEM_TIMEOUT);
}

/** A pipe of the guests', or a stream of the host's that is one: its far end is not ours, and its mode is what it is. */
function pipeHandle(thread: Thread, handle: Handle): PipeEnd | undefined {
  const object = thread.process.handles.get(handle, IoObject);
  if (object instanceof PipeEnd) return object;
  if (object.fileType !== FILE_TYPE.PIPE) throw new Win32Error(ERROR.INVALID_HANDLE);
  return undefined;
}

function requireName(path: string | undefined): string {
  const name = pipeName(path ?? "");
  if (name === undefined) throw new Win32Error(ERROR.PATH_NOT_FOUND);
  return name;
}
