import { api, fn, INT, LPCWSTR, out, PVOID } from "@decant/hook";

/** The shell's way to split a command line. */
export const commandLineApi = api("shell32", {
  CommandLineToArgvW: fn(PVOID, ["lpCmdLine", LPCWSTR], ["pNumArgs", out(INT)]),
});
