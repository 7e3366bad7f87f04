import { implement, type Thread } from "@decant/process";
import { dialogsApi } from "./dialogs.api.ts";

/** "The dialog box could not be created" (cderr.h). */
const CDERR_DIALOGFAILURE = 0xffff;
const LAST_FAILURE = Symbol("CommDlgExtendedError");

const lastFailure = (thread: Thread): { code: number } => thread.state(LAST_FAILURE, () => ({ code: 0 }));

function fails(thread: Thread): boolean {
  lastFailure(thread).code = CDERR_DIALOGFAILURE;
  return false;
}

/** There are no windows: no dialog can be shown. */
export const dialogs = implement(dialogsApi, {
  GetOpenFileNameA: fails,
  GetOpenFileNameW: fails,
  GetSaveFileNameA: fails,
  GetSaveFileNameW: fails,
  ChooseColorA: fails,
  ChooseColorW: fails,
  ChooseFontA: fails,
  ChooseFontW: fails,
  PrintDlgA: fails,
  PrintDlgW: fails,
  PageSetupDlgA: fails,
  PageSetupDlgW: fails,
  CommDlgExtendedError: (thread) => lastFailure(thread).code,
});
