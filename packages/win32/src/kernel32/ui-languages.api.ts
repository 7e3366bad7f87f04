import { api, BOOL, DWORD, fn, inout, LANGID, LPWSTR_BUF, optional, out, PVOID, ULONG } from "@decant/hook";

const preferred = fn(
  BOOL,
  ["dwFlags", DWORD],
  ["pulNumLanguages", out(ULONG)],
  ["pwszLanguagesBuffer", LPWSTR_BUF],
  ["pcchLanguagesBuffer", inout(ULONG)],
);
const prefer = fn(BOOL, ["dwFlags", DWORD], ["pwszLanguagesBuffer", PVOID], ["pulNumLanguages", optional(out(ULONG))]);

/** Languages of the user interface ("Multilingual User Interface"). The one language is English. */
export const uiLanguagesApi = api("kernel32", {
  GetUserPreferredUILanguages: preferred,
  GetSystemPreferredUILanguages: preferred,
  GetProcessPreferredUILanguages: preferred,
  GetThreadPreferredUILanguages: preferred,
  SetProcessPreferredUILanguages: prefer,
  SetThreadPreferredUILanguages: prefer,
  GetThreadUILanguage: fn(LANGID),
  SetThreadUILanguage: fn(LANGID, ["LangId", LANGID]),
});
