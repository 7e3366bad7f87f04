import { calls, ERROR, readString, Win32Error, type Handle, type Out } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { addAttribute, ATTRIBUTE, attributeHandles, attributeListSize, initialiseAttributeList } from "./attribute-list.ts";
import { createProcessApi, createProcessAsUserApi } from "./create-process.api.ts";
import { CREATE } from "./creation-flags.ts";
import { JobObject } from "./job-object.ts";
import { startProcess, type StartRequest } from "./start-process.ts";
import { STARTUPINFO } from "./startup.api.ts";
import { isInheritable } from "./security-attributes.ts";

/** An environment block is at most as long. */
const MAX_ENVIRONMENT_CHARS = 1 << 20;

interface Given {
  readonly application: string | undefined;
  readonly commandLine: string | undefined;
  readonly inheritHandles: boolean;
  readonly flags: number;
  readonly environment: number;
  readonly currentDirectory: string | undefined;
  readonly startupInfo: number;
  /** Where SECURITY_ATTRIBUTES of the process and of its thread lie. */
  readonly attributes: readonly [number, number];
}

/** Starting programs. Those that guests start are guests of the same kernel. */
export const createProcess = implement(createProcessApi, {
  CreateProcessA: (thread, application, commandLine, process, first, inheritHandles, flags, environment, folder, startupInfo, result) =>
    create(
      thread,
      "ansi",
      { application, commandLine, inheritHandles, flags, environment, currentDirectory: folder, startupInfo, attributes: [process, first] },
      result,
    ),
  CreateProcessW: (thread, application, commandLine, process, first, inheritHandles, flags, environment, folder, startupInfo, result) =>
    create(
      thread,
      "wide",
      { application, commandLine, inheritHandles, flags, environment, currentDirectory: folder, startupInfo, attributes: [process, first] },
      result,
    ),

  /** More than 31 when it works ("WinExec"). */
  WinExec(thread, lpCmdLine, uCmdShow) {
    try {
      startProcess(thread, {
        application: undefined,
        commandLine: lpCmdLine ?? "",
        inheritHandles: false,
        flags: 0,
        environment: undefined,
        currentDirectory: undefined,
        startup: { standardHandles: [0, 0, 0], flags: 1, window: [], showWindow: uCmdShow, runtimeData: new Uint8Array(0) },
      });
      return 33;
    } catch (error) {
      if (!(error instanceof Win32Error)) throw error;
      thread.lastError = error.code;
      return error.code < 32 ? error.code : 0;
    }
  },

  InitializeProcThreadAttributeList(thread, lpAttributeList, dwAttributeCount, dwFlags, lpSize) {
    if (dwFlags !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    const needed = attributeListSize(thread.pointerSize, dwAttributeCount);
    const given = lpSize.get();
    lpSize.set(needed);
    if (lpAttributeList === 0 || given < needed) throw new Win32Error(ERROR.INSUFFICIENT_BUFFER);
    initialiseAttributeList(thread, lpAttributeList, dwAttributeCount);
    return true;
  },
  UpdateProcThreadAttribute(thread, lpAttributeList, dwFlags, Attribute, lpValue, cbSize) {
    if ((dwFlags & ~1) !== 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
    addAttribute(thread, lpAttributeList, Attribute, lpValue, cbSize);
    return true;
  },
  DeleteProcThreadAttributeList() {},
});

const starting = calls(createProcess);

export const createProcessAsUser = implement(createProcessAsUserApi, {
  CreateProcessAsUserA(thread, _hToken, ...rest) {
    return starting.CreateProcessA(thread, ...rest);
  },
  CreateProcessAsUserW(thread, _hToken, ...rest) {
    return starting.CreateProcessW(thread, ...rest);
  },
});

function create(
  thread: Thread,
  form: "ansi" | "wide",
  given: Given,
  result: Out<unknown, { hProcess: Handle; hThread: Handle; dwProcessId: number; dwThreadId: number }>,
): boolean {
  if (result.isNull || given.startupInfo === 0) throw new Win32Error(ERROR.INVALID_PARAMETER);
  const child = startProcess(thread, requestOf(thread, form, given));
  const { handles } = thread.process;
  const [hProcess, hThread] = given.attributes.map((at, index) =>
    handles.add(index === 0 ? child.object : child.mainThread.object, isInheritable(thread, at)),
  );
  result.set({ hProcess: hProcess!, hThread: hThread!, dwProcessId: child.id, dwThreadId: child.mainThread.id });
  return true;
}

function requestOf(thread: Thread, form: "ansi" | "wide", given: Given): StartRequest {
  const { memory } = thread;
  const info = STARTUPINFO.load(thread, given.startupInfo);
  const text = (address: number): string | undefined => (address === 0 ? undefined : readString(thread, address, form));
  const list =
    (given.flags & CREATE.EXTENDED_STARTUPINFO_PRESENT) === 0
      ? 0
      : memory.pointer(given.startupInfo + STARTUPINFO.size(thread.pointerSize));
  const handlesOf = (attribute: number): Handle[] | undefined => (list === 0 ? undefined : attributeHandles(thread, list, attribute));
  return {
    ...given,
    environment:
      given.environment === 0 ? undefined : readEnvironment(thread, given.environment, (given.flags & CREATE.UNICODE_ENVIRONMENT) !== 0),
    handleList: handlesOf(ATTRIBUTE.HANDLE_LIST),
    jobs: handlesOf(ATTRIBUTE.JOB_LIST)?.map((handle) => thread.process.handles.get(handle, JobObject)),
    startup: {
      standardHandles: [info.hStdInput, info.hStdOutput, info.hStdError],
      title: text(info.lpTitle),
      desktop: text(info.lpDesktop),
      flags: info.dwFlags,
      window: [info.dwX, info.dwY, info.dwXSize, info.dwYSize, info.dwXCountChars, info.dwYCountChars, info.dwFillAttribute],
      showWindow: info.wShowWindow,
      runtimeData: info.lpReserved2 === 0 || info.cbReserved2 === 0 ? new Uint8Array(0) : memory.read(info.lpReserved2, info.cbReserved2),
    },
  };
}

/** "NAME=value" strings; the last is empty. */
function readEnvironment(thread: Thread, block: number, isWide: boolean): [name: string, value: string][] {
  const variables: [string, string][] = [];
  const step = isWide ? 2 : 1;
  for (let at = block; at - block < MAX_ENVIRONMENT_CHARS * step;) {
    const text = readString(thread, at, isWide ? "wide" : "ansi");
    if (text === "") return variables;
    const equals = text.indexOf("=", 1);
    if (equals > 0) variables.push([text.slice(0, equals), text.slice(equals + 1)]);
    at += isWide ? 2 * (text.length + 1) : thread.memory.cstringLength(at) + 1;
  }
  throw new Win32Error(ERROR.INVALID_PARAMETER);
}
