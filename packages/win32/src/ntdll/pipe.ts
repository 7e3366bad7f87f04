import { ERROR, NtError, STATUS, Win32Error } from "@decant/hook";
import { implement } from "@decant/process";
import { IoObject, type OverlappedAccess } from "../files/io-object.ts";
import { NamedPipes, type PipeServer, type PipeShape } from "../files/named-pipes.ts";
import { DISPOSITION, OPENED, OPTION } from "../files/open-file.ts";
import { OBJ_INHERIT } from "./object-attributes.ts";
import { ntPipeApi } from "./pipe.api.ts";
import { pipePath } from "./pipe-path.ts";

const FILE_SHARE_DELETE = 4;
const UNLIMITED_INSTANCES = 0xffff_ffff;
/** 50 ms, in units of 100 ns. */
const DEFAULT_TIMEOUT = -500_000;
const UNITS_PER_MS = 10_000;

/** Pipes by the native interface ("NtCreateNamedPipeFile"), and accesses taken back ("CancelIoEx"). */
export const ntPipe = implement(ntPipeApi, {
  NtCreateNamedPipeFile(
    thread,
    FileHandle,
    _DesiredAccess,
    ObjectAttributes,
    IoStatusBlock,
    ShareAccess,
    CreateDisposition,
    CreateOptions,
    NamedPipeType,
    ReadMode,
    CompletionMode,
    MaximumInstances,
    InboundQuota,
    OutboundQuota,
    DefaultTimeout,
  ) {
    const path = pipePath(thread, ObjectAttributes);
    if (path === undefined || "server" in path) throw new NtError(STATUS.OBJECT_NAME_INVALID);
    if (ShareAccess === 0 || (ShareAccess & FILE_SHARE_DELETE) !== 0 || NamedPipeType > 1 || ReadMode > NamedPipeType || CompletionMode > 1)
      throw new NtError(STATUS.INVALID_PARAMETER);
    const timeout = DefaultTimeout ?? DEFAULT_TIMEOUT;
    const shape: PipeShape = {
      // What a client may do with its end: FILE_SHARE_READ is that it reads what the server sends. PIPE_ACCESS_* has the same bits the other way.
      access: ((ShareAccess & 1) << 1) | ((ShareAccess & 2) >> 1),
      isMessages: NamedPipeType === 1,
      maxInstances: MaximumInstances === UNLIMITED_INSTANCES ? Infinity : MaximumInstances,
      outBufferSize: OutboundQuota,
      inBufferSize: InboundQuota,
      defaultTimeoutMs: Math.max(0, -timeout / UNITS_PER_MS),
    };
    const server = create(NamedPipes.of(thread.kernel), path.name, shape, CreateDisposition);
    server.isOverlapped = (CreateOptions & (OPTION.SYNCHRONOUS_IO_ALERT | OPTION.SYNCHRONOUS_IO_NONALERT)) === 0;
    server.readsMessages = ReadMode === 1;
    server.isNonBlocking = CompletionMode === 1;
    server.processId = thread.process.id;
    FileHandle.set(thread.process.handles.add(server, (ObjectAttributes.Attributes & OBJ_INHERIT) !== 0));
    const outcome = server.pipe.instances.size === 1 ? OPENED.CREATED : OPENED.OPENED;
    IoStatusBlock.set({ Status: 0n, Information: BigInt(outcome) });
    return STATUS.SUCCESS;
  },

  NtCancelIoFile(thread, FileHandle, IoStatusBlock) {
    cancel([...thread.process.handles.get(FileHandle, IoObject).accesses].filter((access) => access.thread === thread));
    IoStatusBlock.set({ Status: 0n, Information: 0n });
    return STATUS.SUCCESS;
  },
  NtCancelIoFileEx(thread, FileHandle, IoRequestToCancel, IoStatusBlock) {
    const { accesses } = thread.process.handles.get(FileHandle, IoObject);
    const meant = [...accesses].filter(({ overlapped }) => IoRequestToCancel === 0 || overlapped === IoRequestToCancel);
    if (meant.length === 0) throw new NtError(STATUS.NOT_FOUND);
    cancel(meant);
    IoStatusBlock.set({ Status: 0n, Information: 0n });
    return STATUS.SUCCESS;
  },
});

function create(pipes: NamedPipes, name: string, shape: PipeShape, disposition: number): PipeServer {
  const isNew = name === "" || !pipes.has(name);
  if (isNew && disposition === DISPOSITION.OPEN) throw new NtError(STATUS.OBJECT_NAME_NOT_FOUND);
  if (name === "") return pipes.createNameless(shape);
  try {
    return pipes.create(name, shape, disposition === DISPOSITION.CREATE);
  } catch (error) {
    if (error instanceof Win32Error && error.code === ERROR.PIPE_BUSY) throw new NtError(STATUS.INSTANCE_NOT_AVAILABLE);
    throw error;
  }
}

function cancel(accesses: readonly OverlappedAccess[]): void {
  for (const access of accesses) access.cancel();
}
