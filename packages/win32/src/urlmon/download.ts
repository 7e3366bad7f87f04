import type { HostFile } from "@decant/host";
import { E, Win32Error } from "@decant/hook";
import { implement, type GuestGenerator, type Thread } from "@decant/process";
import { CHANGE, folderChanges } from "../files/folder-changes.ts";
import { Body, exchange, resolveUrl } from "../http/client.ts";
import { inFolder } from "../kernel32/located.ts";
import { tempPath } from "../kernel32/volumes.ts";
import { certificateError } from "../wininet/internet.ts";
import { downloadApi } from "./download.api.ts";

const S_OK = 0;
/** INET_E_*: what became of a download. */
const INET_E = {
  RESOURCE_NOT_FOUND: 0x800c_0005,
  OBJECT_NOT_FOUND: 0x800c_0006,
  DOWNLOAD_FAILURE: 0x800c_0008,
  INVALID_URL: 0x800c_0002,
} as const;
const USER_AGENT = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0)";
const CHUNK = 0x1_0000;

/** Callbacks that report progress are not called: a download is one call. */
export const download = implement(downloadApi, {
  *URLDownloadToFile(thread, _pCaller, szURL, szFileName) {
    if (szURL === undefined || szFileName === undefined) return E.INVALIDARG;
    return yield* downloadTo(thread, szURL, szFileName);
  },
  *URLDownloadToCacheFile(thread, _pCaller, szURL, szFileName, cchFileName) {
    if (szURL === undefined || szFileName.isNull) return E.INVALIDARG;
    const name = `${tempPath(thread)}${/[^/?#]*(?=[?#]|$)/.exec(szURL.replace(/^.*\//, ""))?.[0].replaceAll(/[<>:"|*\\]/g, "_") || "download"}`;
    const result = yield* downloadTo(thread, szURL, name);
    if (result === S_OK && szFileName.write(name, cchFileName).needed > cchFileName) return E.INVALIDARG;
    return result;
  },
  ObtainUserAgentString(_thread, _dwOption, pszUAOut, cbSize) {
    const { needed } = pszUAOut.isNull ? { needed: USER_AGENT.length + 1 } : pszUAOut.write(USER_AGENT, cbSize.get());
    const fits = needed <= cbSize.get();
    cbSize.set(needed);
    return fits ? S_OK : E.OUTOFMEMORY;
  },
});

/** Stores what a URL brings; a file that is there is replaced when the answer begins, as on Windows. */
function* downloadTo(thread: Thread, text: string, name: string): GuestGenerator<number> {
  const url = resolveUrl(undefined, text);
  if (url === undefined) return INET_E.INVALID_URL;
  try {
    const { response } = yield* exchange(thread, {
      method: "GET",
      url,
      headers: [
        ["Accept", "*/*"],
        ["User-Agent", USER_AGENT],
      ],
      body: new Uint8Array(0),
      proxy: { kind: "environment" },
      redirects: "always",
      acceptedFaults: [],
      timeoutMs: 0,
      secureFailure: certificateError,
    });
    if (response.status >= 400) {
      response.close();
      return response.status === 404 ? INET_E.OBJECT_NOT_FOUND : INET_E.DOWNLOAD_FAILURE;
    }
    yield* store(thread, new Body(response, certificateError), name);
    return S_OK;
  } catch (error) {
    if (error instanceof Win32Error && error.code >= 12_000 && error.code < 13_000) return INET_E.RESOURCE_NOT_FOUND;
    throw error;
  }
}

function* store(thread: Thread, body: Body, name: string): GuestGenerator<void> {
  const { files, path, stat } = inFolder(thread, name);
  const file: HostFile = files.open(path, { write: true, create: true, truncate: true });
  try {
    for (let done = 0, bytes = yield* body.read(CHUNK); bytes.length > 0; bytes = yield* body.read(CHUNK)) {
      file.write(bytes, done);
      done += bytes.length;
    }
  } finally {
    file.close();
    folderChanges(thread.kernel).note(files, path, stat === undefined ? CHANGE.ADDED : CHANGE.MODIFIED);
  }
}
