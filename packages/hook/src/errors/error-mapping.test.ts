import { MemoryAccessError, MemoryLimitError } from "@decant/memory";
import { expect, test } from "vitest";
import {
  CrtError,
  E,
  errnoFromWin32,
  errnoOf,
  ERRNO,
  ERROR,
  errorName,
  HOST_ERRORS,
  hresultOf,
  HresultError,
  NtError,
  STATUS,
  statusFromWin32,
  statusOf,
  Win32Error,
  win32ErrorOf,
  win32FromStatus,
} from "../index.ts";

test("every host error has a meaning in all three worlds", () => {
  for (const [code, { win32, status, errno }] of HOST_ERRORS)
    expect([code, win32 > 0, status > 0, errno > 0]).toEqual([code, true, true, true]);
});

test.each([
  ["ENOENT", ERROR.FILE_NOT_FOUND, STATUS.OBJECT_NAME_NOT_FOUND, ERRNO.ENOENT],
  ["EACCES", ERROR.ACCESS_DENIED, STATUS.ACCESS_DENIED, ERRNO.EACCES],
  ["EEXIST", ERROR.FILE_EXISTS, STATUS.OBJECT_NAME_COLLISION, ERRNO.EEXIST],
  ["EPIPE", ERROR.NO_DATA, STATUS.PIPE_CLOSING, ERRNO.EPIPE],
])("%s", (code, win32, status, errno) => {
  const error = Object.assign(new Error(code), { code });
  expect([win32ErrorOf(error), statusOf(error), errnoOf(error)]).toEqual([win32, status, errno]);
});

test("what is no failure of an API is none", () => {
  for (const error of [new TypeError("x"), Object.assign(new Error(), { code: "ERR_INVALID_ARG" }), "text", undefined]) {
    expect([win32ErrorOf(error), statusOf(error), errnoOf(error), hresultOf(error)]).toEqual([undefined, undefined, undefined, undefined]);
  }
});

test("a bad pointer is ERROR_NOACCESS and STATUS_ACCESS_VIOLATION, and no errno", () => {
  const error = new MemoryAccessError(0, 1, "read");
  expect([win32ErrorOf(error), statusOf(error), errnoOf(error)]).toEqual([ERROR.NOACCESS, STATUS.ACCESS_VIOLATION, undefined]);
  expect(errnoOf(new MemoryLimitError(1))).toBe(ERRNO.ENOMEM);
});

test("errors turn into one another as Windows turns them", () => {
  expect(win32FromStatus(STATUS.END_OF_FILE)).toBe(ERROR.HANDLE_EOF);
  expect(win32FromStatus(STATUS.OBJECT_NAME_COLLISION)).toBe(ERROR.ALREADY_EXISTS);
  expect(win32FromStatus(0xc0070020)).toBe(ERROR.SHARING_VIOLATION);
  expect(win32FromStatus(0xc0001234)).toBe(ERROR.MR_MID_NOT_FOUND);
  expect(statusFromWin32(ERROR.ACCESS_DENIED)).toBe(STATUS.ACCESS_DENIED);
  expect(statusFromWin32(ERROR.INSTALL_FAILURE)).toBe(0xc0070643);
  expect([errnoFromWin32(ERROR.SHARING_VIOLATION), errnoFromWin32(193), errnoFromWin32(12345)]).toEqual([
    ERRNO.EACCES,
    ERRNO.ENOEXEC,
    ERRNO.EINVAL,
  ]);
  expect(win32ErrorOf(new CrtError(ERRNO.ENOMEM))).toBe(ERROR.NOT_ENOUGH_MEMORY);
  expect(hresultOf(new NtError(STATUS.NO_MEMORY))).toBe(0xd0000017);
  expect(win32ErrorOf(new HresultError(E.ACCESSDENIED))).toBe(ERROR.ACCESS_DENIED);
});

test("codes have names", () => {
  expect(new Win32Error(ERROR.FILE_NOT_FOUND).message).toBe("ERROR_FILE_NOT_FOUND");
  expect([errorName("status", 0xc0000005), errorName("hresult", 0x80070002), errorName("errno", 2), errorName("win32", 10061), errorName("status", 0xc0999999)]).toEqual([
    "STATUS_ACCESS_VIOLATION", "HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)", "ENOENT", "WSAECONNREFUSED", "0xC0999999",
  ]); // prettier-ignore
});
