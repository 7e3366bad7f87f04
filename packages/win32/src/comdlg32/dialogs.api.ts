import { api, BOOL, DWORD, fn, infallible, PVOID } from "@decant/hook";

const dialog = fn(BOOL, ["parameters", PVOID]);

/** The common dialogs ("Common Dialog Box Library"). */
export const dialogsApi = api("comdlg32", {
  GetOpenFileNameA: dialog,
  GetOpenFileNameW: dialog,
  GetSaveFileNameA: dialog,
  GetSaveFileNameW: dialog,
  ChooseColorA: dialog,
  ChooseColorW: dialog,
  ChooseFontA: dialog,
  ChooseFontW: dialog,
  PrintDlgA: dialog,
  PrintDlgW: dialog,
  PageSetupDlgA: dialog,
  PageSetupDlgW: dialog,
  CommDlgExtendedError: fn(infallible(DWORD)),
});
