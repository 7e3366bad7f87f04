import { ERROR, Win32Error, type Handle } from "@decant/hook";
import { implement, type Thread } from "@decant/process";
import { proxiesApi } from "./proxies.api.ts";

const WINHTTP_AUTODETECTION_FAILED = 12_180;
const ACCESS_TYPE_NO_PROXY = 1;

/** Sessions that were opened: they ask for nothing, as requests are not there. */
class Sessions {
  readonly open = new Set<number>();
  next = 1;

  static of({ process }: Thread): Sessions {
    return process.state(Sessions, () => new Sessions());
  }
}

/** No proxy is set, and none is found. */
export const proxies = implement(proxiesApi, {
  WinHttpOpen(thread) {
    const sessions = Sessions.of(thread);
    const handle = 4 * sessions.next++;
    sessions.open.add(handle);
    return handle as Handle;
  },
  WinHttpCloseHandle(thread, hInternet) {
    if (!Sessions.of(thread).open.delete(hInternet)) throw new Win32Error(ERROR.INVALID_HANDLE);
    return true;
  },
  // "ERROR_FILE_NOT_FOUND: no Internet Explorer proxy settings can be found."
  WinHttpGetIEProxyConfigForCurrentUser() {
    throw new Win32Error(ERROR.FILE_NOT_FOUND);
  },
  WinHttpGetDefaultProxyConfiguration({ memory, pointerSize }, pProxyInfo) {
    memory.write(pProxyInfo, new Uint8Array(3 * pointerSize));
    memory.setU32(pProxyInfo, ACCESS_TYPE_NO_PROXY);
    return true;
  },
  WinHttpGetProxyForUrl() {
    throw new Win32Error(WINHTTP_AUTODETECTION_FAILED);
  },
});
