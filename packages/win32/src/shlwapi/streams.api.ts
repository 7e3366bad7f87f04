import { api, forward } from "@decant/hook";

/** Streams over files ("SHCreateStreamOnFile"): guest code, as the objects that it makes are. */
export const shellStreamsApi = api("shlwapi", {
  SHCreateStreamOnFileA: forward("windowscodecs.SHCreateStreamOnFileA"),
  SHCreateStreamOnFileW: forward("windowscodecs.SHCreateStreamOnFileW"),
});
