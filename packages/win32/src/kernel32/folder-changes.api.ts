import {
  api,
  BOOL,
  BYTES,
  CALLBACK,
  DWORD,
  fn,
  HANDLE,
  handleOr,
  inout,
  INVALID_HANDLE_VALUE,
  optional,
  out,
  text,
  TSTR,
} from "@decant/hook";
import { NOTIFY_FILTER } from "../values/files.ts";
import { OVERLAPPED } from "./file-io.api.ts";

/** Changes of folders ("Obtaining Directory Change Notifications"). */
export const folderChangesApi = api("kernel32", {
  FindFirstChangeNotification: text(
    handleOr(INVALID_HANDLE_VALUE),
    ["lpPathName", TSTR],
    ["bWatchSubtree", BOOL],
    ["dwNotifyFilter", NOTIFY_FILTER],
  ),
  FindNextChangeNotification: fn(BOOL, ["hChangeHandle", HANDLE]),
  FindCloseChangeNotification: fn(BOOL, ["hChangeHandle", HANDLE]),
  ReadDirectoryChangesW: fn(
    BOOL,
    ["hDirectory", HANDLE],
    ["lpBuffer", BYTES],
    ["nBufferLength", DWORD],
    ["bWatchSubtree", BOOL],
    ["dwNotifyFilter", NOTIFY_FILTER],
    ["lpBytesReturned", optional(out(DWORD))],
    ["lpOverlapped", optional(inout(OVERLAPPED))],
    ["lpCompletionRoutine", CALLBACK],
  ),
});
