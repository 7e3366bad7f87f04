import { api, BOOL, BOOLEAN, DWORD, fn, infallible, LPCWSTR, out, text, TSTR } from "@decant/hook";

/** What kind of program a file is ("GetBinaryTypeW function"). */
export const binaryTypeApi = api("kernel32", {
  GetBinaryType: text(BOOL, ["lpApplicationName", TSTR], ["lpBinaryType", out(DWORD)]),
});

/** Which names are those of programs, by the policy of software restriction. */
export const saferApi = api("advapi32", {
  SaferiIsExecutableFileType: fn(infallible(BOOL), ["szFullPath", LPCWSTR], ["bFromShellExecute", BOOLEAN]),
});
