import { NtError, STATUS } from "@decant/hook";
import { ByteWriter } from "./byte-writer.ts";
import { FILE_TYPE, type IoObject } from "./io-object.ts";
import { PIPE_ACCESS, PipeClient, PipeServer, type NamedPipe } from "./named-pipes.ts";
import { PipeEnd } from "./pipe.ts";
import { FILE_CLASS } from "./query-information.ts";
import { InputStream, OutputStream } from "./standard-streams.ts";

/** FILE_SYNCHRONOUS_IO_NONALERT. */
const SYNCHRONOUS = 0x20;
/** FILE_GENERIC_READ and FILE_GENERIC_WRITE, and what CreatePipe adds to each: the right to write, and to read, attributes. */
const RIGHTS = { READ: 0x12_0089, WRITE: 0x12_0116, WRITE_ATTRIBUTES: 0x100, READ_ATTRIBUTES: 0x80 } as const;
/** NamedPipeConfiguration, NamedPipeState and NamedPipeEnd of FILE_PIPE_LOCAL_INFORMATION (ntifs.h). */
const CONFIGURATION = new Map<number, number>([
  [PIPE_ACCESS.INBOUND, 0],
  [PIPE_ACCESS.OUTBOUND, 1],
  [PIPE_ACCESS.DUPLEX, 2],
]);
const STATE = { disconnected: 1, listening: 2, connected: 3, closing: 4 } as const;
const UNLIMITED = 0xffff_ffff;

/** The named pipe of an end; undefined for one of CreatePipe's. */
export function pipeOf(end: IoObject): NamedPipe | undefined {
  return end instanceof PipeServer ? end.pipe : end instanceof PipeClient ? end.server.pipe : undefined;
}

/** What is known of a stream, a pipe or a device, as bytes of one information class, and how many of them a buffer must have room for. */
export function queryStream(object: IoObject, infoClass: number): { bytes: Uint8Array; least: number } {
  const bytes = describe(object, infoClass).finish();
  return { bytes, least: bytes.length };
}

function describe(object: IoObject, infoClass: number): ByteWriter {
  const to = new ByteWriter();
  switch (infoClass) {
    case FILE_CLASS.MODE:
      return to.u32(object.isOverlapped ? 0 : SYNCHRONOUS);
    case FILE_CLASS.ACCESS:
      return to.u32(rightsOf(object));
    case FILE_CLASS.PIPE:
      requirePipe(object);
      return object instanceof PipeEnd ? to.u32(Number(object.readsMessages)).u32(Number(object.isNonBlocking)) : to.u32(0).u32(0);
    case FILE_CLASS.PIPE_LOCAL:
      requirePipe(object);
      return local(to, object);
    default:
      throw new NtError(STATUS.INVALID_INFO_CLASS);
  }
}

/** FILE_PIPE_LOCAL_INFORMATION. Of a stream of the host's the far end is not known: it takes what comes. */
function local(to: ByteWriter, object: IoObject): ByteWriter {
  const end = object instanceof PipeEnd ? object : undefined;
  const pipe = pipeOf(object);
  const isReader = end === undefined ? object instanceof InputStream : end.incoming !== undefined;
  const isServer = end === undefined ? false : pipe === undefined ? isReader : end instanceof PipeServer;
  const [inbound, outbound] = isServer ? [end?.incoming, end?.outgoing] : [end?.outgoing, end?.incoming];
  const capacity = (end?.incoming ?? end?.outgoing)?.capacity ?? DEFAULT_CAPACITY;
  const server = object instanceof PipeServer ? object : object instanceof PipeClient ? object.server : undefined;
  return to
    .u32(Number(pipe?.shape.isMessages ?? false))
    .u32(CONFIGURATION.get(pipe?.shape.access ?? PIPE_ACCESS.INBOUND) ?? 0)
    .u32(pipe === undefined ? 1 : Math.min(pipe.shape.maxInstances, UNLIMITED))
    .u32(pipe?.instances.size ?? 1)
    .u32(pipe?.shape.inBufferSize ?? inbound?.capacity ?? capacity)
    .u32(end?.incoming?.length ?? 0)
    .u32(pipe?.shape.outBufferSize ?? outbound?.capacity ?? capacity)
    .u32(end === undefined ? (isReader ? 0 : capacity) : (end.outgoing?.room ?? 0))
    .u32(STATE[server?.state ?? "connected"])
    .u32(Number(isServer));
}

const DEFAULT_CAPACITY = 4096;

function rightsOf(object: IoObject): number {
  if (object instanceof InputStream) return RIGHTS.READ | (object.fileType === FILE_TYPE.PIPE ? RIGHTS.WRITE_ATTRIBUTES : 0);
  if (object instanceof OutputStream) return RIGHTS.WRITE | (object.fileType === FILE_TYPE.PIPE ? RIGHTS.READ_ATTRIBUTES : 0);
  if (!(object instanceof PipeEnd)) return RIGHTS.READ | RIGHTS.WRITE;
  if (object instanceof PipeServer) {
    const { access } = object.pipe.shape;
    return ((access & PIPE_ACCESS.INBOUND) === 0 ? 0 : RIGHTS.READ) | ((access & PIPE_ACCESS.OUTBOUND) === 0 ? 0 : RIGHTS.WRITE);
  }
  const isAnonymous = pipeOf(object) === undefined;
  return (
    (object.incoming === undefined ? 0 : RIGHTS.READ | (isAnonymous ? RIGHTS.WRITE_ATTRIBUTES : 0)) |
    (object.outgoing === undefined ? 0 : RIGHTS.WRITE | (isAnonymous ? RIGHTS.READ_ATTRIBUTES : 0))
  );
}

function requirePipe(object: IoObject): void {
  if (object.fileType !== FILE_TYPE.PIPE) throw new NtError(STATUS.INVALID_PARAMETER);
}
