import {
  api,
  CrtError,
  InvalidParameterError,
  ERRNO,
  errno,
  ERRNO_T,
  fn,
  INT,
  LPCSTR,
  LPCWSTR,
  out,
  PVOID,
  SIZE_T,
  TBUF,
  textAs,
  TSTR,
} from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { BOTH, CDECL } from "./dlls.ts";
import { Runtime } from "./runtime.ts";
import { encodeString, provideEnvironment, type Width } from "./startup/program-data.ts";
import { system } from "./system.ts";

/** Environment variables. */
export const environmentApi = api(
  BOTH,
  {
    getenv: fn(PVOID, ["varname", LPCSTR]),
    _wgetenv: fn(PVOID, ["varname", LPCWSTR]),
    getenv_s: textAs("getenv_s", "_wgetenv_s", ERRNO_T, ["needed", out(SIZE_T)], ["buffer", TBUF], ["size", SIZE_T], ["varname", TSTR]),
    _dupenv_s: fn(ERRNO_T, ["buffer", out(PVOID)], ["count", out(SIZE_T)], ["varname", LPCSTR]),
    _wdupenv_s: fn(ERRNO_T, ["buffer", out(PVOID)], ["count", out(SIZE_T)], ["varname", LPCWSTR]),
    _putenv: textAs("_putenv", "_wputenv", errno(INT, -1), ["envstring", TSTR]),
    _putenv_s: textAs("_putenv_s", "_wputenv_s", ERRNO_T, ["varname", TSTR], ["value", TSTR]),
  },
  CDECL,
);

export const environment = implement(environmentApi, {
  getenv: (thread, varname) => find(thread, varname, "narrow"),
  _wgetenv: (thread, varname) => find(thread, varname, "wide"),
  getenv_s(thread, needed, buffer, size, varname) {
    if (varname === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    const value = Runtime.of(thread).environment.get(varname);
    needed.set(value === undefined ? 0 : value.length + 1);
    if (value === undefined) {
      if (size > 0) buffer.write("", size);
      return 0;
    }
    if (size === 0) return 0;
    const { written } = buffer.write(value, size);
    if (written === 0 && value !== "") throw new CrtError(ERRNO.ERANGE);
    return 0;
  },
  _dupenv_s: (thread, buffer, count, varname) => duplicate(thread, buffer, count, varname, "narrow"),
  _wdupenv_s: (thread, buffer, count, varname) => duplicate(thread, buffer, count, varname, "wide"),
  _putenv(thread, envstring) {
    const at = envstring?.indexOf("=", 1) ?? -1;
    if (envstring === undefined || at < 1) throw new InvalidParameterError(ERRNO.EINVAL);
    set(thread, envstring.slice(0, at), envstring.slice(at + 1));
    return 0;
  },
  _putenv_s(thread, varname, value) {
    if (varname === undefined || varname === "" || value === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
    set(thread, varname, value);
    return 0;
  },
});

interface Copy {
  readonly address: number;
  readonly text: string;
}

const copies = Symbol("getenv's strings");

/** getenv's result stays valid until the variable changes; then a new copy is made, and the old one left to whoever holds it. */
function find(thread: Thread, name: string | undefined, width: Width): number {
  if (name === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const text = Runtime.of(thread).environment.get(name);
  if (text === undefined) return 0;
  const known = thread.process.state<Map<string, Copy>>(copies, () => new Map());
  const key = `${width} ${name.toUpperCase()}`;
  const copy = known.get(key);
  if (copy?.text === text) return copy.address;
  const address = store(thread, text, width);
  known.set(key, { address, text });
  return address;
}

function duplicate(
  thread: Thread,
  buffer: { set(value: number): void },
  count: { isNull: boolean; set(value: number): void },
  name: string | undefined,
  width: Width,
): number {
  buffer.set(0);
  if (name === undefined) throw new InvalidParameterError(ERRNO.EINVAL);
  const text = Runtime.of(thread).environment.get(name);
  if (!count.isNull) count.set(text === undefined ? 0 : text.length + 1);
  if (text !== undefined) buffer.set(store(thread, text, width));
  return 0;
}

function store(thread: Thread, text: string, width: Width): number {
  const bytes = encodeString(thread, text, width);
  const address = thread.process.heap.allocate(bytes.length);
  if (address === 0) throw new CrtError(ERRNO.ENOMEM);
  thread.memory.write(address, bytes);
  return address;
}

function set(thread: Thread, name: string, value: string): void {
  const runtime = Runtime.of(thread);
  runtime.environment.set(name, value);
  system.setEnvironmentVariable(thread, name, value === "" ? undefined : value);
  const { memory } = thread;
  for (const width of ["narrow", "wide"] as const) {
    if (memory.u32(runtime.variable(width === "narrow" ? "_environ" : "_wenviron", 8)) !== 0) provideEnvironment(thread, width);
  }
}
