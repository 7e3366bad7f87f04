import { api, BYTES, CSTR, errno, fn, INT, LONG_PTR_N, LPCWSTR, optional, out, PVOID, SIZE_T, UINT, VARARGS } from "@decant/hook";
import { SPAWN_MODE } from "../../values/runtime.ts";
import { BOTH, CDECL } from "../dlls.ts";

const HANDLE_RESULT = errno(LONG_PTR_N, -1);
const RESULT = errno(INT, -1);
const FILE_RESULT = errno(SIZE_T, 0);

const spawned = [["mode", SPAWN_MODE], ["cmdname", PVOID], ["argv", PVOID]] as const; // prettier-ignore
const executed = [["cmdname", PVOID], ["argv", PVOID]] as const; // prettier-ignore
const environment = ["envp", PVOID] as const;
const spawnList = fn(HANDLE_RESULT, ["mode", SPAWN_MODE], ["cmdname", PVOID], VARARGS);
const executeList = fn(HANDLE_RESULT, ["cmdname", PVOID], VARARGS);

/** Starting programs from C ("_spawn, _wspawn functions", "_exec, _wexec functions", "system", "_popen", "_pipe"). */
export const spawnApi = api(
  BOTH,
  {
    _spawnv: fn(HANDLE_RESULT, ...spawned),
    _wspawnv: fn(HANDLE_RESULT, ...spawned),
    _spawnve: fn(HANDLE_RESULT, ...spawned, environment),
    _wspawnve: fn(HANDLE_RESULT, ...spawned, environment),
    _spawnvp: fn(HANDLE_RESULT, ...spawned),
    _wspawnvp: fn(HANDLE_RESULT, ...spawned),
    _spawnvpe: fn(HANDLE_RESULT, ...spawned, environment),
    _wspawnvpe: fn(HANDLE_RESULT, ...spawned, environment),
    _spawnl: spawnList,
    _wspawnl: spawnList,
    _spawnle: spawnList,
    _wspawnle: spawnList,
    _spawnlp: spawnList,
    _wspawnlp: spawnList,
    _spawnlpe: spawnList,
    _wspawnlpe: spawnList,
    _execv: fn(HANDLE_RESULT, ...executed),
    _wexecv: fn(HANDLE_RESULT, ...executed),
    _execve: fn(HANDLE_RESULT, ...executed, environment),
    _wexecve: fn(HANDLE_RESULT, ...executed, environment),
    _execvp: fn(HANDLE_RESULT, ...executed),
    _wexecvp: fn(HANDLE_RESULT, ...executed),
    _execvpe: fn(HANDLE_RESULT, ...executed, environment),
    _wexecvpe: fn(HANDLE_RESULT, ...executed, environment),
    _execl: executeList,
    _execle: executeList,
    _execlp: executeList,
    _execlpe: executeList,
    _cwait: fn(HANDLE_RESULT, ["termstat", optional(out(INT))], ["procHandle", LONG_PTR_N], ["action", INT]),
    system: fn(RESULT, ["command", CSTR]),
    _wsystem: fn(RESULT, ["command", LPCWSTR]),
    _pipe: fn(RESULT, ["pfds", BYTES], ["psize", UINT], ["textmode", INT]),
    _popen: fn(FILE_RESULT, ["command", CSTR], ["mode", CSTR]),
    _wpopen: fn(FILE_RESULT, ["command", LPCWSTR], ["mode", LPCWSTR]),
    _pclose: fn(RESULT, ["stream", SIZE_T]),
  },
  CDECL,
);
