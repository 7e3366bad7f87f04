import { win32ErrorOf } from "@decant/hook";

/** The Win32 error of a failure of Windows' or the host's. Throws other errors on. */
export function failureCode(error: unknown): number {
  const code = win32ErrorOf(error);
  if (code === undefined) throw error;
  return code;
}
