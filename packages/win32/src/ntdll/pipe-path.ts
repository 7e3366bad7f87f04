import { ERROR, NtError, STATUS, Win32Error, type Handle } from "@decant/hook";
import type { Thread } from "@decant/process";
import { mappedRights, RIGHT } from "../files/access.ts";
import { FILE_TYPE, IoObject } from "../files/io-object.ts";
import { NamedPipes, PipeServer } from "../files/named-pipes.ts";
import { attributesName, type ObjectAttributes } from "./object-attributes.ts";

/** The file system of pipes, opened by its name alone: a root for pipes, with or without names. */
export class PipeFileSystem extends IoObject {
  readonly fileType = FILE_TYPE.PIPE;
}

/** What OBJECT_ATTRIBUTES name: the file system of pipes by itself (an empty name), a pipe of a name, or one that a handle leads to. */
export type PipePath = { readonly name: string } | { readonly server: PipeServer };

const PIPES = /^\\(?:(?:\?\?|DosDevices|GLOBAL\?\?)\\pipe|Device\\NamedPipe)(?:\\(.*))?$/is;

/** The pipe that OBJECT_ATTRIBUTES name; undefined where they name something else. */
export function pipePath(thread: Thread, attributes: ObjectAttributes): PipePath | undefined {
  const name = attributesName(thread, attributes);
  if (attributes.RootDirectory === 0) {
    const found = PIPES.exec(name);
    return found === null ? undefined : { name: found[1] ?? "" };
  }
  const root = thread.process.handles.find(attributes.RootDirectory as Handle);
  if (root instanceof PipeFileSystem) return { name };
  return root instanceof PipeServer && name === "" ? { server: root } : undefined;
}

/** Opens a client's end, or the file system of pipes. Throws STATUS_PIPE_NOT_AVAILABLE where no instance listens. */
export function openPipePath(thread: Thread, path: PipePath, access: number): IoObject {
  const rights = mappedRights(access);
  const reads = (rights & RIGHT.READ_DATA) !== 0;
  const writes = (rights & RIGHT.WRITE_DATA) !== 0;
  const pipes = NamedPipes.of(thread.kernel);
  if ("name" in path && path.name === "") return new PipeFileSystem();
  try {
    const client = "server" in path ? pipes.openInstance(path.server.pipe, reads, writes) : pipes.open(path.name, reads, writes);
    client.server.clientProcessId = thread.process.id;
    return client;
  } catch (error) {
    if (error instanceof Win32Error && error.code === ERROR.PIPE_BUSY) throw new NtError(STATUS.PIPE_NOT_AVAILABLE);
    throw error;
  }
}
