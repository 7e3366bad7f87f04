import { api, fn, infallible, INT } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { CDECL, UCRT } from "../dlls.ts";

/** Whether %n stores in a process: not until the program asks for it ("_set_printf_count_output"). */
class CountOutput {
  isEnabled = false;
}

/** A process's setting of _set_printf_count_output. */
export function printfCount(thread: Thread): { isEnabled: boolean } {
  return thread.process.state(CountOutput, () => new CountOutput());
}

const ANSWER = infallible(INT);

export const printfCountOutputApi = api(
  UCRT,
  { _set_printf_count_output: fn(ANSWER, ["enable", INT]), _get_printf_count_output: fn(ANSWER) },
  CDECL,
);

export const printfCountOutput = implement(printfCountOutputApi, {
  _set_printf_count_output(thread, enable) {
    const setting = printfCount(thread);
    const before = setting.isEnabled;
    setting.isEnabled = enable !== 0;
    return Number(before);
  },
  _get_printf_count_output: (thread) => Number(printfCount(thread).isEnabled),
});
