import { api, forward } from "@decant/hook";

/** Images in memory ("ImageHlp Functions"), which ntdll knows about. */
export const imageHelpApi = api(["dbghelp", "imagehlp"], {
  ImageNtHeader: forward("ntdll.RtlImageNtHeader"),
  ImageDirectoryEntryToData: forward("ntdll.RtlImageDirectoryEntryToData"),
  ImageRvaToVa: forward("ntdll.RtlImageRvaToVa"),
});
